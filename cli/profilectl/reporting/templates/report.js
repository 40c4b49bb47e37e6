"use strict";
(() => {
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const { config, dark, narrow, fitted } = window.profilectlFigures;

  const draw = () => {
    for (const [key, figure] of Object.entries(figures)) {
      const { data, layout } = fitted(figure, narrow.matches);
      Plotly.newPlot(`figure-${key}`, data, layout, config);
    }
  };

  draw();
  dark.addEventListener("change", draw);
  narrow.addEventListener("change", draw);
})();
