// The console: htmx for filters and paging, sortable tables, a question before what cannot be undone, charts on demand.

import "htmx.org";
import "./keys";

function cellValue(row: HTMLTableRowElement, column: number): string {
  const cell = row.cells[column];
  return cell?.dataset["sort"] ?? cell?.textContent?.trim() ?? "";
}

function compare(one: string, other: string): number {
  const numbers = [Number(one), Number(other)] as const;
  if (one !== "" && other !== "" && !numbers.some(Number.isNaN)) return numbers[0] - numbers[1];
  return one.localeCompare(other, "zh-CN");
}

function sortBy(table: HTMLTableElement, heading: HTMLTableCellElement): void {
  const direction = heading.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
  for (const other of table.querySelectorAll("th[aria-sort]")) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", direction);
  const sign = direction === "ascending" ? 1 : -1;
  const body = table.tBodies[0];
  if (!body) return;
  const rows = [...body.rows].sort(
    (one, other) => sign * compare(cellValue(one, heading.cellIndex), cellValue(other, heading.cellIndex)),
  );
  body.append(...rows);
}

/** Make the headings of a table into buttons, once. */
function makeSortable(table: HTMLTableElement): void {
  if (table.dataset["ready"]) return;
  table.dataset["ready"] = "1";
  for (const heading of table.querySelectorAll<HTMLTableCellElement>("thead th:not([data-plain])")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => sortBy(table, heading));
  }
}

function prepare(): void {
  for (const table of document.querySelectorAll<HTMLTableElement>("table[data-sortable]")) makeSortable(table);
}

function closeMenuOnPhones(): void {
  const menu = document.querySelector<HTMLDetailsElement>(".side-menu");
  if (menu && window.matchMedia("(max-width: 48rem)").matches) menu.open = false;
}

document.addEventListener("submit", (event) => {
  const question = (event.target as HTMLElement).dataset["confirm"];
  if (question && !window.confirm(question)) event.preventDefault();
});
document.addEventListener("click", (event) => {
  const button = (event.target as HTMLElement).closest<HTMLElement>("[data-copy]");
  if (button) {
    void navigator.clipboard.writeText(button.dataset["copy"] ?? "").then(() => {
      button.textContent = button.dataset["copied"] ?? "";
    });
  }
});
document.addEventListener("htmx:after:swap", prepare);
prepare();
closeMenuOnPhones();
