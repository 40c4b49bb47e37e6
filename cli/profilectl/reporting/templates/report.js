"use strict";
(() => {
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
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

  const draw = () => {
    for (const [key, figure] of Object.entries(figures)) {
      Plotly.react(`figure-${key}`, figure.data, themed(figure.layout), config);
    }
  };

  draw();
  dark.addEventListener("change", draw);
})();
