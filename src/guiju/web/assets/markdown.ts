// A small part of Markdown as DOM nodes: text only ever becomes text nodes, so nothing a model says can become markup.

function inline(into: HTMLElement, text: string): void {
  for (const piece of text.split(/(\*\*[^*\n]+\*\*|`[^`\n]+`)/)) {
    if (piece.length > 4 && piece.startsWith("**") && piece.endsWith("**")) {
      into.append(element("strong", piece.slice(2, -2)));
    } else if (piece.length > 2 && piece.startsWith("`") && piece.endsWith("`")) {
      into.append(element("code", piece.slice(1, -1)));
    } else if (piece) {
      into.append(piece);
    }
  }
}

function element(name: string, text = ""): HTMLElement {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

function lines(into: HTMLElement, texts: string[]): void {
  texts.forEach((text, place) => {
    if (place) into.append(document.createElement("br"));
    inline(into, text);
  });
}

const BULLET = /^\s*[-*•]\s+(.*)$/;
const NUMBER = /^\s*\d{1,3}[.、)]\s+(.*)$/;
const HEADING = /^#{1,4}\s+(.*)$/;
const QUOTE = /^>\s?(.*)$/;

function takeWhile(rest: string[], pattern: RegExp): string[] {
  const taken: string[] = [];
  for (let match = pattern.exec(rest[0] ?? ""); rest.length && match; match = pattern.exec(rest[0] ?? "")) {
    taken.push(match[1] ?? "");
    rest.shift();
  }
  return taken;
}

function fence(rest: string[]): HTMLElement {
  rest.shift();
  const end = rest.findIndex((line) => line.startsWith("```"));
  const code = rest.splice(0, end < 0 ? rest.length : end + 1);
  if (end >= 0) code.pop();
  const pre = document.createElement("pre");
  pre.append(element("code", code.join("\n")));
  return pre;
}

/** Take the items of a list; a line that begins nothing new goes on with the item before it. */
function list(rest: string[], kind: "ul" | "ol", pattern: RegExp): HTMLElement {
  const made = document.createElement(kind);
  if (kind === "ol") made.setAttribute("start", String(Number.parseInt(rest[0]?.trim() ?? "1", 10)));
  for (let match = pattern.exec(rest[0] ?? ""); rest.length && match; match = pattern.exec(rest[0] ?? "")) {
    rest.shift();
    const texts = [match[1] ?? ""];
    while (rest.length && !beginsBlock(rest[0] ?? "")) texts.push(rest.shift()?.trim() ?? "");
    const entry = document.createElement("li");
    lines(entry, texts);
    made.append(entry);
  }
  return made;
}

function beginsBlock(line: string): boolean {
  return (
    !line.trim() || line.startsWith("```") || [BULLET, NUMBER, HEADING, QUOTE].some((pattern) => pattern.test(line))
  );
}

function paragraph(rest: string[]): HTMLElement {
  const taken = [rest.shift() ?? ""];
  while (rest.length && !beginsBlock(rest[0] ?? "")) taken.push(rest.shift() ?? "");
  const made = document.createElement("p");
  lines(made, taken);
  return made;
}

function block(rest: string[]): HTMLElement {
  const line = rest[0] ?? "";
  if (line.startsWith("```")) return fence(rest);
  const heading = HEADING.exec(line);
  if (heading) {
    rest.shift();
    return element("h3", heading[1]);
  }
  if (QUOTE.test(line)) {
    const quote = document.createElement("blockquote");
    lines(quote, takeWhile(rest, QUOTE));
    return quote;
  }
  if (BULLET.test(line)) return list(rest, "ul", BULLET);
  if (NUMBER.test(line)) return list(rest, "ol", NUMBER);
  return paragraph(rest);
}

/** Show `text` in `into`, in place of what was there. */
export function showMarkdown(into: HTMLElement, text: string): void {
  const rest = text.split("\n");
  const blocks: HTMLElement[] = [];
  while (rest.length) {
    if (rest[0]?.trim()) blocks.push(block(rest));
    else rest.shift();
  }
  into.replaceChildren(...blocks);
}
