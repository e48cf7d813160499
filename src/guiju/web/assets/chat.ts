// The chat page: asks, shows the answer as it comes, stops it, copies and exports it with its mark.

import { showMarkdown } from "./markdown";
import { ask, GatewayError, type Heard } from "./stream";

interface Turn {
  role: "user" | "assistant";
  content: string;
  receipt: string;
}

type Texts = Record<
  | "thinking" | "done" | "stopped" | "copied" | "copy" | "failed" | "cut" | "withheld" | "because" | "undetermined"
  | "cut_short" | "question" | "answer" | "receipt" | "full_stop",
  string
>;

function byId<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no element #${id}`);
  return found as T;
}

function within<T extends HTMLElement>(parent: ParentNode, selector: string): T {
  const found = parent.querySelector<T>(selector);
  if (!found) throw new Error(`no element ${selector}`);
  return found;
}

const data = byId("chat-data").dataset;
const texts = JSON.parse(data["text"] ?? "{}") as Texts;
const risks = JSON.parse(data["risks"] ?? "{}") as Record<string, string>;
const mark = data["mark"] ?? "";
const csrf = data["csrf"] ?? "";

const turnsBox = byId("turns");
const composer = byId<HTMLFormElement>("composer");
const message = byId<HTMLTextAreaElement>("message");
const model = byId<HTMLSelectElement>("model");
const send = byId<HTMLButtonElement>("send");
const stop = byId<HTMLButtonElement>("stop");
const status = byId("status");
const history = within<HTMLInputElement>(composer, "[name=history]");
const turns: Turn[] = (JSON.parse(history.value || "[]") as { role: Turn["role"]; content: string }[]).map((turn) => ({
  ...turn,
  receipt: "",
}));
let running: AbortController | null = null;

function fromTemplate(id: string): HTMLElement {
  const copy = byId<HTMLTemplateElement>(id).content.cloneNode(true) as DocumentFragment;
  const made = within<HTMLElement>(copy, ".turn");
  turnsBox.append(copy);
  return made;
}

function nearBottom(): boolean {
  return window.innerHeight + window.scrollY > document.documentElement.scrollHeight - 160;
}

function toBottom(): void {
  window.scrollTo({ top: document.documentElement.scrollHeight });
}

function marked(turn: Turn): string {
  const receipt = turn.receipt ? ` · ${texts.receipt} ${turn.receipt}` : "";
  return `${turn.content}\n\n〔${mark}${receipt}〕`;
}

function setBusy(isBusy: boolean): void {
  send.hidden = isBusy;
  stop.hidden = !isBusy;
  turnsBox.setAttribute("aria-busy", String(isBusy));
  for (const id of ["export-md", "export-txt"]) byId(id).hidden = isBusy || !turns.some((turn) => turn.role === "assistant");
}

function showNotice(box: HTMLElement, strong: string, reason: string, receipt: string): void {
  const notice = within<HTMLElement>(box, ".notice");
  within(notice, "strong").textContent = strong;
  within(notice, ".reason").textContent = reason;
  const link = within<HTMLAnchorElement>(notice, ".object");
  link.href = `/objections/${encodeURIComponent(receipt)}`;
  link.hidden = !receipt;
  notice.hidden = false;
}

function reasonOf(heard: Heard): string {
  const named = (heard.verdict.risks ?? []).map((risk) => risks[risk] ?? risk);
  return named.length ? `${texts.because}“${named.join("”“")}”${texts.full_stop}` : texts.undetermined;
}

function finish(box: HTMLElement, turn: Turn, heard: Heard): void {
  box.classList.remove("is-streaming");
  turn.content = heard.text;
  turn.receipt = heard.verdict.exchange_id ?? "";
  if (heard.finish === "content_filter") {
    box.classList.add("is-withheld");
    showNotice(box, texts.withheld, reasonOf(heard), turn.receipt);
    status.textContent = `${texts.withheld} ${reasonOf(heard)}`;
  } else if (turn.receipt) {
    const quiet = within<HTMLAnchorElement>(box, ".object-quiet");
    quiet.href = `/objections/${encodeURIComponent(turn.receipt)}`;
    quiet.hidden = false;
  }
  const receipt = within<HTMLElement>(box, ".receipt");
  within(receipt, "code").textContent = turn.receipt;
  receipt.hidden = !turn.receipt;
  const copy = within<HTMLButtonElement>(box, ".copy");
  copy.hidden = !turn.content;
  copy.addEventListener("click", () => {
    void navigator.clipboard.writeText(marked(turn)).then(() => {
      copy.textContent = texts.copied;
      window.setTimeout(() => (copy.textContent = texts.copy), 1600);
    });
  });
  if (turn.content) turns.push(turn);
}

function failed(box: HTMLElement, error: unknown, heard: Heard): void {
  if (error instanceof DOMException && error.name === "AbortError") {
    status.textContent = texts.stopped;
    showNotice(box, texts.stopped, "", "");
    return;
  }
  const why = error instanceof GatewayError && error.message ? error.message : heard.text ? texts.cut : texts.failed;
  status.textContent = why;
  showNotice(box, heard.text ? texts.cut_short : "", why, "");
}

async function converse(text: string): Promise<void> {
  document.getElementById("welcome")?.remove();
  turns.push({ role: "user", content: text, receipt: "" });
  within(fromTemplate("question-template"), "p").textContent = text;
  const box = fromTemplate("answer-template");
  const into = within<HTMLElement>(box, ".answer-text");
  const turn: Turn = { role: "assistant", content: "", receipt: "" };
  let heard: Heard = { text: "", verdict: {}, finish: "" };
  let isDrawing = false;
  box.classList.add("is-streaming");
  status.textContent = texts.thinking;
  running = new AbortController();
  setBusy(true);
  toBottom();
  const draw = (): void => {
    isDrawing = false;
    const follow = nearBottom();
    showMarkdown(into, heard.text);
    if (follow) toBottom();
  };
  try {
    const messages = turns.map(({ role, content }) => ({ role, content }));
    await ask({ model: model.value, messages }, csrf, running.signal, (more) => {
      heard = more;
      if (!isDrawing) window.requestAnimationFrame(draw);
      isDrawing = true;
    });
    status.textContent = texts.done;
  } catch (error) {
    failed(box, error, heard);
  } finally {
    running = null;
    draw();
    finish(box, turn, heard);
    setBusy(false);
    toBottom();
    message.focus();
  }
}

function submit(text: string): void {
  if (running || !text.trim()) return;
  message.value = "";
  void converse(text.trim());
}

function save(name: string, type: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

function exported(isMarkdown: boolean): string {
  const head = isMarkdown ? `> ${mark}\n` : `〔${mark}〕\n`;
  const body = turns.map((turn) => {
    const title = turn.role === "user" ? texts.question : texts.answer;
    const text = turn.role === "user" ? turn.content : marked(turn);
    return isMarkdown ? `## ${title}\n\n${text}\n` : `【${title}】\n${text}\n`;
  });
  return [head, ...body].join("\n");
}

composer.addEventListener("submit", (event) => {
  event.preventDefault();
  submit(message.value);
});
message.addEventListener("keydown", (event) => {
  // While an input method is composing Chinese, Enter belongs to it.
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229) {
    event.preventDefault();
    submit(message.value);
  }
});
stop.addEventListener("click", () => running?.abort());
for (const form of document.querySelectorAll<HTMLFormElement>(".example")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit(within<HTMLButtonElement>(form, "button").value);
  });
}
byId("export-md").addEventListener("click", () => save("guiju.md", "text/markdown", exported(true)));
byId("export-txt").addEventListener("click", () => save("guiju.txt", "text/plain", exported(false)));
setBusy(false);
message.focus({ preventScroll: true });
