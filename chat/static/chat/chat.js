// Asks with a stream of events: the plan as soon as it is known, then the sentences, then the message as it was stored.
const form = document.getElementById("ask");
const box = document.getElementById("question");
const list = document.getElementById("messages");
const stop = document.getElementById("stop");
const retry = document.getElementById("retry");
const errorNote = document.getElementById("error");
const texts = document.getElementById("texts").dataset;
let running = null;
let last = "";

function fragment(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html; // rendered and escaped by the server's templates
  return holder.content;
}

function fail(message) {
  errorNote.textContent = message;
  errorNote.hidden = false;
  retry.hidden = !last;
}

function pendingMessage(question) {
  const article = document.getElementById("pending").content.firstElementChild.cloneNode(true);
  article.querySelector(".message-question").textContent = question;
  list.append(article);
  article.scrollIntoView({ block: "nearest" });
  return article;
}

function settle(article, data) {
  const made = fragment(data.html);
  const message = made.querySelector("article");
  article.replaceWith(made);
  window.htmx?.process(message);
  form.elements.conversation.value = data.conversation;
  if (location.pathname !== data.url) {
    history.pushState({}, "", data.url);
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = data.url;
    link.textContent = data.title;
    link.setAttribute("aria-current", "page");
    item.append(link);
    document.querySelector("#conversations [data-empty]")?.remove();
    document.getElementById("conversations").prepend(item);
  }
  message.scrollIntoView({ block: "nearest" });
}

function receive(article, name, data) {
  const text = article.querySelector(".message-text");
  if (name === "plan") article.querySelector(".message-plan").replaceChildren(fragment(data.html));
  if (name === "sentence") {
    text.querySelector("[data-wait]")?.remove();
    text.append(fragment(data.html));
  }
  if (name === "done") settle(article, data);
  if (name === "error") {
    article.remove();
    fail(data.message);
  }
  return name === "done" || name === "error";
}

async function read(response, article) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  let ended = false;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    held += value;
    const blocks = held.split("\n\n");
    held = blocks.pop();
    for (const block of blocks) {
      const name = /^event: (.*)$/m.exec(block)?.[1];
      const data = /^data: (.*)$/m.exec(block)?.[1];
      if (name && data) ended = receive(article, name, JSON.parse(data)) || ended;
    }
  }
  if (!ended) throw new Error("the stream ended early");
}

async function ask(question) {
  if (!question.trim()) return fail(texts.empty);
  last = question;
  errorNote.hidden = true;
  retry.hidden = true;
  stop.hidden = false;
  document.getElementById("examples")?.remove();
  const article = pendingMessage(question);
  running = new AbortController();
  const body = new FormData(form);
  body.set("question", question);
  box.value = "";
  try {
    const response = await fetch(form.action, { method: "POST", body, headers: { Accept: "text/event-stream" }, signal: running.signal });
    if (!response.ok || !response.headers.get("Content-Type")?.startsWith("text/event-stream")) throw new Error(String(response.status));
    await read(response, article);
  } catch (error) {
    article.remove();
    box.value = question;
    fail(error.name === "AbortError" ? texts.stopped : texts.lost);
  } finally {
    running = null;
    stop.hidden = true;
    box.focus();
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!running) ask(box.value);
});
box.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    if (!running) ask(box.value);
  }
});
stop.addEventListener("click", () => running?.abort());
retry.addEventListener("click", () => ask(last));
document.addEventListener("click", (event) => {
  const example = event.target.closest("[data-question]");
  if (!example || running) return;
  event.preventDefault();
  ask(example.dataset.question);
});
