// An extension of JupyterLab without a build: a notebook whose metadata say {"sopkit": {"run": true}}
// runs when it is opened or restored, so that its page stands there without a click.
(() => {
  let shared;
  const module = async (name) => (await Object.values(shared[name])[0].get())();

  async function extension() {
    const { INotebookTracker, NotebookActions } = await module("@jupyterlab/notebook");
    async function run(_tracker, panel) {
      await panel.context.ready;
      if (!panel.content.model.getMetadata("sopkit")?.run) return;
      await panel.sessionContext.ready;
      await panel.sessionContext.session?.kernel?.info;
      await NotebookActions.runAll(panel.content, panel.sessionContext);
      panel.content.activeCellIndex = 0;
      panel.content.scrollToItem?.(0);
    }
    return {
      id: "sopkit-run:plugin",
      autoStart: true,
      requires: [INotebookTracker],
      activate(_app, tracker) {
        tracker.widgetAdded.connect(run);
        tracker.forEach((panel) => run(tracker, panel));
      },
    };
  }

  (window._JUPYTERLAB ??= {})["sopkit-run"] = {
    init: (scope) => { shared = scope; },
    get: async () => {
      const plugin = await extension();
      return () => ({ __esModule: true, default: plugin });
    },
  };
})();
