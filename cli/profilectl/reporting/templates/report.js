"use strict";
(() => {
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const narrow = window.matchMedia("(max-width: 46rem)");
  const config = { displayModeBar: false, responsive: true };

  const themed = (layout) => {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const family = getComputedStyle(document.body).fontFamily;
    const axis = { gridcolor: colour("--line"), linecolor: colour("--line"), tickcolor: colour("--line") };
    const label = { bgcolor: colour("--card"), bordercolor: colour("--line"), font: { family, color: colour("--text") } };
    return {
      ...layout,
      font: { ...layout.font, family, color: colour("--soft") },
      hoverlabel: { ...layout.hoverlabel, ...label },
      xaxis: { ...layout.xaxis, ...axis },
      yaxis: { ...layout.yaxis, ...axis },
    };
  };

  // On a phone long names would leave no room for the figure; hovering and the table have them whole.
  const shortened = (figure) => {
    if (!narrow.matches || figure.layout.yaxis.type !== "category") return {};
    const names = [...new Set(figure.data.flatMap((trace) => trace.y))];
    const ticktext = names.map((name) => (name.length > 19 ? `${name.slice(0, 18)}…` : name));
    return { tickmode: "array", tickvals: names, ticktext };
  };

  const draw = () => {
    for (const [key, figure] of Object.entries(figures)) {
      const layout = themed(figure.layout);
      Object.assign(layout.yaxis, shortened(figure));
      if (narrow.matches && layout.xaxis.type !== "category") layout.xaxis.nticks = 4;
      Plotly.newPlot(`figure-${key}`, figure.data, layout, config);
    }
  };

  draw();
  dark.addEventListener("change", draw);
  narrow.addEventListener("change", draw);
})();
