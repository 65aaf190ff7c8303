"""A small page on this computer that says how the agent is: read-only, and for this computer alone."""

import html
import json
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ingest.agent.config import Settings
from ingest.agent.errors import AgentError
from ingest.agent.metrics import metrics_text
from ingest.agent.status import status_read

log = logging.getLogger(__name__)
HERE = ("127.0.0.1", "localhost", "[::1]")
CHINESE = {
    "Lodestone agent": "Lodestone 采集代理",
    "lag": "延迟",
    "agent": "代理",
    "running": "运行中",
    "not running": "未运行",
    "server": "服务器",
    "waiting": "等待发送",
    "clock offset": "时钟偏差",
    "token ends": "令牌到期",
    "never": "永不",
    "configuration": "配置",
    "own file": "本地文件",
    "version": "版本",
    "refused": "被拒绝",
    "damaged spool": "损坏的缓存",
    "source": "数据源",
    "state": "状态",
    "rows waiting": "等待行数",
    "error": "错误",
    "online": "在线",
    "unreachable": "无法连接",
    "unauthorised": "未授权",
    "incompatible": "版本不兼容",
    "starting": "正在启动",
    "unknown": "未知",
    "paused": "已暂停",
    "away": "文件夹不可用",
    "failed": "失败",
    "finished": "已完成",
    "stopped": "已停止",
    "not started": "未启动",
    "rows": "行",
}
STYLE = (
    "body{font:16px system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}"
    "table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #ccc}"
    ".lag{font-size:2.5rem;margin:.5rem 0}.bad{color:#a00}"
    "@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}.bad{color:#f88}}"
)


@contextmanager
def page_serve(settings: Settings, port: int) -> Iterator[int]:
    """Serve the page while the context lasts; the port, 0 where it is taken (the agent runs all the same)."""

    class Bound(Handler):
        agent = settings

    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), Bound)
    except OSError as error:
        log.warning("no status page: port %d cannot be listened on (%s); set another status.port", port, error.strerror)
        yield 0
        return
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.5,), name="status page", daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Handler(BaseHTTPRequestHandler):
    """Answers GET of three addresses; anything else is refused."""

    agent: Settings
    timeout = 10
    server_version, sys_version = "lodestone-agent", ""

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""

    def do_GET(self) -> None:
        """The page, `/metrics`, `/status.json`."""
        host = self.headers.get("Host", "").rsplit(":", 1)[0]
        if host not in HERE:  # a page elsewhere that had its name point here
            self._answer(403, "text/plain", "this page is for this computer only\n")
            return
        try:
            status = status_read(self.agent, now=time.time_ns())
        except AgentError as error:
            self._answer(503, "text/plain", f"{error}\n")
            return
        match self.path.partition("?")[0]:
            case "/":
                self._answer(200, "text/html", page_html(status, chinese=_wants_chinese(self.headers)))
            case "/metrics":
                self._answer(200, "text/plain; version=0.0.4", metrics_text(status))
            case "/status.json":
                self._answer(200, "application/json", json.dumps(status, ensure_ascii=False))
            case _:
                self._answer(404, "text/plain", "there are /, /metrics and /status.json\n")

    def _answer(self, status: int, kind: str, text: str) -> None:
        data = text.encode("utf-8", "replace")
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
        self.end_headers()
        self.wfile.write(data)


def _wants_chinese(headers: Any) -> bool:  # Any: an email.message.Message
    """Whether Chinese comes before English in what the browser prefers."""
    weighed = []
    for at, part in enumerate(headers.get("Accept-Language", "").split(",")):
        tag, _, weight = part.strip().partition(";q=")
        try:
            weighed.append((-float(weight or 1), at, tag.lower()))
        except ValueError:
            continue
    known = [tag for _, _, tag in sorted(weighed) if tag.startswith(("zh", "en"))]
    return bool(known) and known[0].startswith("zh")


def page_html(status: dict[str, Any], *, chinese: bool) -> str:
    """The page; refreshes itself every five seconds."""

    def say(text: str) -> str:
        return html.escape(CHINESE.get(text, text) if chinese else text)

    server = status.get("server") or {"state": "unknown", "reason": ""}
    running, config = status["running"], status.get("config") or {}
    facts = [
        ("agent", say("running" if running else "not running"), not running),
        ("server", f"{say(server['state'])} {html.escape(server['reason'])}", server["state"] != "online"),
        (
            "waiting",
            f"{status['queue_rows']} {say('rows')}, {status['queue_bytes'] / 1e6:.1f} / {status['max_bytes'] / 1e6:.0f} MB",
            False,
        ),
    ]
    if status.get("clock_offset_s") is not None:
        facts.append(("clock offset", f"{status['clock_offset_s']:+.3f} s", abs(status["clock_offset_s"]) > 5))
    ends = status.get("token_expires")
    facts.append(
        ("token ends", say("never") if ends is None else time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(ends)), False)
    )
    version = config.get("version")
    facts.append(("configuration", f"{say('version')} {version}" if version else say("own file"), False))
    if config.get("refused"):
        text = f"{say('version')} {config.get('refused_version')} {say('refused')}: {html.escape(config['refused'])}"
        facts.append(("configuration", text, True))
    facts += [
        ("refused", f"{html.escape(str(one['path'] or one['kind']))}: {html.escape(one['reason'])}", True)
        for one in status["rejected"][:20]
    ]
    facts += [("damaged spool", html.escape(path), True) for path in status["damaged"]]
    rows = "".join(f"<tr><th scope=row>{say(name)}<td{' class=bad' if bad else ''}>{text}" for name, text, bad in facts)
    heads = "".join(f"<th scope=col>{say(name)}" for name in ("source", "state", "rows waiting", "error"))
    sources = "".join(
        f"<tr><td>{html.escape(one['name'])}<td>{say(one['state'])}<td>{one['rows']}<td class=bad>{html.escape(one['error'])}"
        for one in status["sources"]
    )
    title = say("Lodestone agent")
    return (
        f"<!doctype html><html lang={'zh-Hans' if chinese else 'en'}><meta charset=utf-8>"
        f"<meta http-equiv=refresh content=5><meta name=viewport content='width=device-width'><title>{title}</title>"
        f"<style>{STYLE}</style><h1>{title}</h1><p class=lag>{say('lag')} {status['lag_s']:.1f} s</p>"
        f"<table>{rows}</table><h2>{say('source')}</h2><table><tr>{heads}{sources}</table></html>"
    )
