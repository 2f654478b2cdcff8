// Paper: before printing the page takes the size of an A3 sheet, so that the map can be measured.
"use strict";
(function (SC) {
  const SHARP = 3;
  const TIGHTER = ["tight", "noteless"]; // smaller rows; then no notes on the data

  class Paper {
    constructor(app) {
      this.app = app;
      this.pictures = [];
      globalThis.addEventListener("beforeprint", () => this.prepare());
      globalThis.addEventListener("afterprint", () => this.restore());
    }

    layers() {
      const { marks, ground } = this.app;
      return [ground.streets, marks.gapLayer, marks.candidateLayer];
    }

    prepare() {
      const { app } = this;
      const { map } = app;
      if (this.before) return;
      this.before = {
        centre: map.getCenter(),
        zoom: map.getZoom(),
        selected: app.state.selected,
        compass: app.state.compass,
      };
      app.state.printing = true;
      document.body.classList.add("printing");
      for (const layer of this.layers()) Object.assign(layer, { padding: 0, ratio: SHARP });
      map.options.zoomSnap = 0;
      map.invalidateSize({ animate: false, pan: false });
      if (!app.state.selected) app.whole();
      app.set({ menu: false });
      this.fit(app.parts.panel);
      // A canvas is lost in a printed PDF; a picture of it is not.
      for (const layer of this.layers()) {
        layer.draw();
        const { canvas } = layer;
        const picture = new Image();
        picture.src = canvas.toDataURL();
        picture.className = canvas.className;
        picture.style.cssText = canvas.style.cssText;
        canvas.after(picture);
        canvas.style.display = "none";
        this.pictures.push(picture);
      }
    }

    /** Open the notes, and make the lists smaller until all of them are on the sheet. */
    fit(panel) {
      for (const notes of panel.querySelectorAll(".source details")) notes.open = true;
      const list = panel.querySelector(".list");
      for (const step of TIGHTER)
        if (list.scrollHeight > list.clientHeight) document.body.classList.add(step);
    }

    restore() {
      const { app, before } = this;
      if (!before) return;
      this.before = null;
      for (const picture of this.pictures.splice(0)) picture.remove();
      for (const layer of this.layers()) {
        Object.assign(layer, { padding: 0.25, ratio: 0 });
        layer.canvas.style.display = "";
        layer.redraw();
      }
      document.body.classList.remove("printing", ...TIGHTER);
      app.map.options.zoomSnap = 0.25;
      app.map.invalidateSize({ animate: false, pan: false });
      app.map.setView(before.centre, before.zoom, { animate: false });
      app.set({ printing: false, selected: before.selected, compass: before.compass });
    }
  }

  SC.Paper = Paper;
})((globalThis.ServiceCircle ??= {}));
