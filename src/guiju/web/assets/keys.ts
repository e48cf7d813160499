// Keys for those who work at lists and verdicts all day; every one of them has a link or a button that does the same.

function isWriting(target: EventTarget | null): boolean {
  const element = target as HTMLElement | null;
  return !!element?.closest("textarea, select, input:not([type=radio]):not([type=checkbox]), [contenteditable]");
}

function rows(): HTMLTableRowElement[] {
  return [...document.querySelectorAll<HTMLTableRowElement>("table[data-rows] tbody tr")];
}

function move(step: number): boolean {
  const all = rows();
  if (all.length === 0) return false;
  const here = all.findIndex((row) => row.classList.contains("is-here"));
  const next = all[Math.min(all.length - 1, Math.max(0, here < 0 ? 0 : here + step))];
  for (const row of all) row.classList.remove("is-here");
  next?.classList.add("is-here");
  next?.querySelector<HTMLAnchorElement>("a")?.focus({ preventScroll: true });
  next?.scrollIntoView({ block: "nearest" });
  return true;
}

function follow(key: string): boolean {
  const link = document.querySelector<HTMLAnchorElement>(`a[data-key="${key}"]`);
  link?.click();
  return link !== null;
}

function choose(key: string): boolean {
  const form = document.querySelector<HTMLFormElement>("form[data-verdict]");
  const radio = form?.querySelector<HTMLInputElement>(`input[data-key="${key}"]`);
  if (!radio) return false;
  radio.checked = true;
  radio.focus();
  if (radio.value === "other") form?.querySelector<HTMLSelectElement>("[data-other]")?.focus();
  return true;
}

function submit(): boolean {
  const form = document.querySelector<HTMLFormElement>("form[data-verdict]");
  if (!form?.querySelector("input[name=verdict]:checked")) return false;
  form.requestSubmit();
  return true;
}

function focusOn(selector: string): boolean {
  const field = document.querySelector<HTMLElement>(selector);
  field?.focus();
  return field !== null;
}

const ACTIONS: Record<string, () => boolean> = {
  j: () => move(1) || follow("j"),
  k: () => move(-1) || (document.querySelector("form[data-verdict], .desk") !== null && (history.back(), true)),
  o: () => {
    const link = document.querySelector<HTMLAnchorElement>("tr.is-here a");
    link?.click();
    return link !== null;
  },
  n: () => focusOn("[data-note]"),
  u: () => focusOn("[data-reverse]"),
};

function act(key: string, target: EventTarget | null): boolean {
  if (/^[0-9]$/.test(key)) return choose(key);
  if (key !== "Enter") return ACTIONS[key]?.() ?? false;
  if ((target as HTMLElement | null)?.closest("a, button, summary")) return false; // it has its own meaning there
  return submit() || follow("Enter");
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (isWriting(event.target)) {
    if (event.key === "Escape") (event.target as HTMLElement).blur();
    return;
  }
  if (act(event.key, event.target)) event.preventDefault();
});

// Choosing from the list of other risks means that it is another risk.
document.addEventListener("change", (event) => {
  const list = event.target as HTMLElement;
  if (list.matches("[data-other]")) choose("9");
});
