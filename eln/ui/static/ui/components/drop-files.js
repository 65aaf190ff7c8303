// <drop-files>: a form with a file input; files dropped or chosen go up one by one with progress. Without scripts the form posts.
function line(list, name) {
  const item = document.createElement("li");
  item.className = "card stack stack--tight";
  const title = document.createElement("strong");
  title.textContent = name;
  const bar = document.createElement("progress");
  bar.max = 100;
  bar.value = 0;
  bar.setAttribute("aria-label", name);
  const result = document.createElement("div");
  item.append(title, bar, result);
  list.prepend(item);
  return { bar, result };
}

class DropFiles extends HTMLElement {
  #queue = Promise.resolve();

  connectedCallback() {
    this.form = this.querySelector("form");
    this.input = this.querySelector("input[type=file]");
    this.zone = this.querySelector(".drop");
    this.list = this.querySelector("[data-results]");
    this.querySelector("button[type=submit]")?.setAttribute("hidden", "");
    this.input.addEventListener("change", () => {
      this.send([...this.input.files]);
      this.input.value = "";
    });
    for (const kind of ["dragenter", "dragover"]) this.addEventListener(kind, (event) => this.#over(event, true));
    for (const kind of ["dragleave", "drop"]) this.addEventListener(kind, (event) => this.#over(event, false));
    this.addEventListener("drop", (event) => this.send([...event.dataTransfer.files]));
  }

  #over(event, over) {
    event.preventDefault();
    this.zone.classList.toggle("drop--over", over);
  }

  send(files) {
    for (const file of files) {
      const place = line(this.list, file.name);
      this.#queue = this.#queue.then(() => this.#post(file, place));
    }
  }

  #post(file, { bar, result }) {
    const body = new FormData(this.form);
    body.delete(this.input.name);
    body.append(this.input.name, file);
    return new Promise((done) => {
      const request = new XMLHttpRequest();
      request.open("POST", this.form.action);
      request.setRequestHeader("HX-Request", "true");
      request.upload.addEventListener("progress", (event) => { bar.value = (100 * event.loaded) / event.total; });
      request.addEventListener("loadend", () => {
        bar.hidden = true;
        if (request.status) {
          result.innerHTML = request.responseText;
          window.htmx?.process(result);
        } else {
          result.textContent = document.getElementById("ui-text").dataset.failed;
          result.className = "notice notice--bad";
        }
        done();
      });
      request.send(body);
    });
  }
}

customElements.define("drop-files", DropFiles);
