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

  // On a phone long names would leave no room for the figure: they go on in a second line, and what that has no room
  // for is in the table, and shown when pointed at.
  const ROOM = 19;
  const cut = (text) => (text.length > ROOM ? `${text.slice(0, ROOM - 1)}…` : text);
  const inTwo = (name) => {
    if (name.length <= ROOM) return name;
    // The last place where the first line may end; in the middle of a word where there is none.
    const text = name.replace(/\d\.\d/g, "000"); // not within a number
    const at = Math.max(...[..." ._(,="].map((mark) => text.lastIndexOf(mark, ROOM - 1)));
    const end = at > 4 ? at + (name[at] === "(" ? 0 : 1) : ROOM;
    return `${name.slice(0, end)}<br>${cut(name.slice(end))}`;
  };
  const shortened = (figure) => {
    if (figure.layout.yaxis.type !== "category") return {};
    const names = [...new Set(figure.data.flatMap((trace) => trace.y))];
    const ticktext = names.map(inTwo);
    const size = ticktext.some((text, place) => text !== names[place]) ? 10 : 12;
    return { tickmode: "array", tickvals: names, ticktext, tickfont: { size } };
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
