// The live page: asks for itself again every five seconds, but never behind the back of somebody who is not looking.
// A console that was left alone must still sign out by itself, so refreshing ends after ten minutes without a touch.

const EVERY_MS = 5_000;
const IDLE_MS = 10 * 60_000;

const state = document.querySelector<HTMLElement>("#live-state");
const button = document.querySelector<HTMLButtonElement>("#live-switch");
let isPaused = false;
let touchedAt = Date.now();
let openTables: string[] = [];

function show(): void {
  const isIdle = Date.now() - touchedAt > IDLE_MS;
  if (state) state.textContent = state.dataset[isPaused ? "off" : isIdle ? "idle" : "on"] ?? "";
  button?.setAttribute("aria-pressed", String(isPaused));
}

function refresh(): void {
  show();
  if (isPaused || document.hidden || Date.now() - touchedAt > IDLE_MS) return;
  openTables = [...document.querySelectorAll<HTMLDetailsElement>("#live details[open]")].map((table) => table.id);
  document.querySelector("#live")?.dispatchEvent(new CustomEvent("refresh"));
}

for (const touch of ["pointerdown", "keydown", "wheel"]) {
  document.addEventListener(touch, () => { touchedAt = Date.now(); show(); }, { passive: true });
}
button?.addEventListener("click", () => { isPaused = !isPaused; show(); });
document.addEventListener("change", (event) => {
  const select = (event.target as HTMLElement).closest<HTMLSelectElement>("select[data-submits]");
  select?.form?.requestSubmit();
});
document.addEventListener("htmx:after:swap", () => {
  for (const id of openTables) document.querySelector<HTMLDetailsElement>(`#${id}`)?.setAttribute("open", "");
});
if (button) button.hidden = false;
show();
setInterval(refresh, EVERY_MS);
