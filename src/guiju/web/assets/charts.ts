// The overview's charts: ECharts cut down to two kinds, drawn on a canvas, tooltips without markup (the CSP allows none).

import { BarChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

echarts.use([BarChart, GridComponent, TooltipComponent, LegendComponent, AriaComponent, CanvasRenderer]);

interface Series {
  name: string;
  tone: string;
  values: number[];
}

interface Chart {
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
    legend: chart.series.length > 1 ? { top: 0, left: 0, itemWidth: 14, textStyle: { color: ink } } : undefined,
    tooltip: { trigger: "axis", renderMode: "richText", axisPointer: { type: "shadow" }, confine: true },
    xAxis: chart.is_horizontal ? amounts : categories,
    yAxis: chart.is_horizontal ? { ...categories, inverse: true } : amounts,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    series: chart.series.map((series) => ({
      type: "bar",
      name: series.name,
      data: series.values,
      barMaxWidth: 22,
      itemStyle: { color: token(series.tone) },
      ...(chart.is_stacked ? { stack: "all" } : {}),
    })),
  };
}

for (const box of document.querySelectorAll<HTMLElement>("[data-chart]")) {
  const chart = JSON.parse(box.dataset["chart"] ?? "{}") as Chart;
  const drawn = echarts.init(box, null, { renderer: "canvas" });
  drawn.setOption(option(chart));
  new ResizeObserver(() => drawn.resize()).observe(box);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawn.setOption(option(chart), true));
}
