"use strict";
(() => {
  const { dark, narrow, fitted } = window.profilectlFigures;
  const seen = () => `${narrow.matches ? "narrow" : "wide"}, ${dark.matches ? "dark" : "light"}`;

  // Figures are drawn anew when the page becomes narrow or dark, as the report's are.
  const tell = () => window.dash_clientside.set_props("width", { data: seen() });
  dark.addEventListener("change", tell);
  narrow.addEventListener("change", tell);

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    profilectl: {
      width: () => seen(),
      draw: (figure) => fitted(figure, narrow.matches),
      // The title of the window is the page's, or what the page says instead: not whom a search has hidden.
      heading: () => {
        requestAnimationFrame(() => {
          const found = (what) => [...document.querySelectorAll(`#page ${what}`)].find((one) => one.offsetParent);
          const heading = found("h1") ?? found(".state h2");
          document.title = heading ? `${heading.textContent} – profilectl` : "profilectl";
        });
        return window.dash_clientside.no_update;
      },
    },
  });
})();
