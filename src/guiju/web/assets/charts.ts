// The console's charts: ECharts cut down to two kinds, drawn on a canvas, tooltips without markup (the CSP allows none).

import { BarChart, LineChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

echarts.use([BarChart, LineChart, GridComponent, TooltipComponent, LegendComponent, AriaComponent, CanvasRenderer]);

interface Series {
  name: string;
  tone: string;
  values: (number | null)[];
}

interface Chart {
  kind?: "bar" | "line";
  labels: string[];
  series: Series[];
  is_stacked: boolean;
  is_horizontal: boolean;
}

function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

function option(chart: Chart): echarts.EChartsCoreOption {
  const ink = token("ink-2");
  const line = token("line");
  const categories = { type: "category", data: chart.labels, axisLine: { lineStyle: { color: line } }, axisTick: { show: false }, axisLabel: { color: ink } };
  const amounts = { type: "value", minInterval: 1, splitLine: { lineStyle: { color: line } }, axisLabel: { color: ink } };
  return {
    animation: !window.matchMedia("(prefers-reduced-motion: reduce)").matches,
    aria: { enabled: true, decal: { show: chart.series.length > 1 } },
    grid: { left: 8, right: 16, top: chart.series.length > 1 ? 36 : 12, bottom: 4, outerBoundsMode: "same" },
    legend: chart.series.length > 1 ? { type: "scroll", top: 0, left: 0, itemWidth: 14, textStyle: { color: ink }, pageTextStyle: { color: ink }, pageIconColor: ink } : undefined,
    tooltip: { trigger: "axis", renderMode: "richText", axisPointer: { type: chart.kind === "line" ? "line" : "shadow" }, confine: true },
    xAxis: chart.is_horizontal ? amounts : categories,
    yAxis: chart.is_horizontal ? { ...categories, inverse: true } : amounts,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    series: chart.series.map((series) => ({
      type: chart.kind ?? "bar",
      name: series.name,
      data: series.values,
      ...(chart.kind === "line" ? { symbolSize: 6, connectNulls: false } : { barMaxWidth: 22 }),
      itemStyle: { color: token(series.tone) },
      ...(chart.is_stacked ? { stack: "all" } : {}),
    })),
  };
}

function draw(box: HTMLElement): void {
  const drawn = echarts.getInstanceByDom(box) ?? echarts.init(box, null, { renderer: "canvas" });
  drawn.setOption(option(JSON.parse(box.dataset["chart"] ?? "{}") as Chart), true);
}

/** Draw every chart that is new on the page, and draw it again when its size or its data change. */
function drawNew(): void {
  for (const box of document.querySelectorAll<HTMLElement>("[data-chart]")) {
    if (echarts.getInstanceByDom(box)) continue;
    draw(box);
    new ResizeObserver(() => echarts.getInstanceByDom(box)?.resize()).observe(box);
    new MutationObserver(() => draw(box)).observe(box, { attributeFilter: ["data-chart"] });
  }
}

document.addEventListener("htmx:after:swap", drawNew);
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const box of document.querySelectorAll<HTMLElement>("[data-chart]")) draw(box);
});
drawNew();
