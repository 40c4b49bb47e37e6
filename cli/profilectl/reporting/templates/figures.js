"use strict";
// What the report and the dashboard do to a figure before it is drawn: the page's colours and type, and shorter names on
// a phone.
window.profilectlFigures = (() => {
  const style = () => getComputedStyle(document.documentElement);

  const themed = (layout) => {
    const colours = style();
    const colour = (name) => colours.getPropertyValue(name).trim();
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
    if (figure.layout.yaxis.type !== "category") return {};
    const names = [...new Set(figure.data.flatMap((trace) => trace.y))];
    const ticktext = names.map((name) => (name.length > 19 ? `${name.slice(0, 18)}…` : name));
    return { tickmode: "array", tickvals: names, ticktext };
  };

  // A trace says in `meta.narrow` what it looks like on a phone, where that is more than shorter names.
  const narrowed = (trace) => ({ ...trace, ...(trace.meta?.narrow ?? {}) });

  const fitted = (figure, narrow) => {
    const layout = themed(figure.layout);
    if (!narrow) return { data: figure.data, layout };
    Object.assign(layout.yaxis, shortened(figure));
    if (layout.xaxis.type !== "category") layout.xaxis.nticks = 4;
    return { data: figure.data.map(narrowed), layout };
  };

  return {
    config: { displayModeBar: false, responsive: true },
    dark: window.matchMedia("(prefers-color-scheme: dark)"),
    narrow: window.matchMedia("(max-width: 46rem)"),
    fitted,
  };
})();
