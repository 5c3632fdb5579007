// The nodes of examples/viewer.json; build/build-examples.mjs writes it.

/** @param {{text: (path: string) => string, script: (path: string) => string}} sources reads a file; bundles a script */
export default function viewer({ text, script }) {
  const id = (number) => `5a0c1e02${String(number).padStart(8, "0")}`;
  const tab = id(1);
  // The same in every example, so that the key is pasted once.
  const account = "5a0c1e0000000002";
  const node = (number, type, [x, y], properties, ...wires) => ({
    id: id(number),
    type,
    z: tab,
    ...properties,
    x,
    y,
    wires: wires.map((targets) => targets.map(id)),
  });
  const get = (number, place, url, to) =>
    node(
      number,
      "http in",
      place,
      { name: "", url, method: "get", upload: false, skipBodyParsing: false, swaggerDoc: "" },
      [to],
    );
  const modules = (...names) => names.map((name) => ({ var: name, module: name }));
  const code = (name, file, libs, more = {}) => ({
    name,
    func: text(`functions/${file}.js`),
    outputs: 1,
    timeout: 0,
    noerr: 0,
    initialize: "",
    finalize: "",
    libs,
    ...more,
  });
  const template = (name, field, format, content, syntax = "plain") => ({
    name,
    field,
    fieldType: "msg",
    format,
    syntax,
    template: content,
    output: "str",
  });
  const security = [
    "default-src 'none'",
    "script-src 'unsafe-inline'",
    "style-src 'unsafe-inline'",
    "connect-src 'self'",
    "media-src 'self' http: https:",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");

  return [
    {
      id: tab,
      type: "tab",
      label: "Video viewer",
      disabled: false,
      info: text("tab.md"),
      env: [
        { name: "VIEWER_DIR", value: "VIEWER_DIR", type: "env" },
        { name: "VIEWER_KEEP", value: "50", type: "num" },
      ],
    },
    {
      id: account,
      type: "roboflow-video-account",
      name: "My Roboflow workspace",
      baseUrl: "https://api.roboflow.com",
      maxUploads: 2,
      tls: "",
      proxy: "",
    },
    node(3, "comment", [460, 40], {
      name: "Change three things: the key, the clip, the model. Then open /video-viewer (read more in this node's description)",
      info: text("comment.md"),
    }),

    node(
      10,
      "inject",
      [120, 120],
      {
        name: "send a clip",
        props: [{ p: "payload" }],
        repeat: "",
        crontab: "",
        once: false,
        onceDelay: 0.1,
        topic: "",
        payload: "/home/pi/clips/yard.mp4",
        payloadType: "str",
      },
      [11],
    ),
    node(
      11,
      "change",
      [310, 120],
      {
        name: "remember the clip",
        rules: [{ t: "set", p: "filename", pt: "msg", to: "payload", tot: "msg" }],
      },
      [12],
    ),
    node(
      12,
      "roboflow-video-upload",
      [520, 120],
      { name: "", account, video: "payload", videoType: "msg", fileName: "", resume: true },
      [13],
    ),
    node(
      13,
      "roboflow-video-start",
      [690, 120],
      {
        name: "",
        account,
        inputUrl: "payload",
        inputUrlType: "msg",
        inferFps: 5,
        inferFpsType: "num",
        models: [
          {
            modelId: "rock-paper-scissors-presentation",
            modelVersion: "4",
            inferenceType: "object-detection",
            confidence: 0.4,
            inferenceParams: "",
          },
        ],
      },
      [14],
    ),
    node(
      14,
      "roboflow-video-poll",
      [850, 120],
      { name: "", account, jobId: "payload", jobIdType: "msg", interval: 60, timeout: 24, resume: true },
      [15],
      [20],
    ),
    node(
      15,
      "roboflow-video-download",
      [1030, 80],
      {
        name: "",
        account,
        url: "payload.output_signed_url",
        urlType: "msg",
        output: "frames",
        filename: "",
        minConfidence: 0,
        classes: "",
        skipEmpty: false,
        resume: true,
      },
      [20],
    ),
    node(
      16,
      "complete",
      [1010, 180],
      { name: "all frames are here", scope: [id(15)], uncaught: false },
      [20],
    ),
    node(17, "catch", [1000, 240], { name: "what failed", scope: null, uncaught: false }, [20, 18]),
    node(18, "debug", [1240, 240], {
      name: "what went wrong",
      active: true,
      tosidebar: true,
      console: false,
      tostatus: false,
      complete: "error",
      targetType: "msg",
      statusVal: "",
      statusType: "auto",
    }),
    node(
      20,
      "function",
      [1250, 140],
      code("keep what was seen", "keep", modules("fs", "path", "os"), {
        outputs: 0,
        initialize: text("functions/keep-setup.js"),
      }),
    ),

    node(30, "comment", [150, 320], {
      name: "The page, and what it asks for",
      info: "The page asks for the list of clips, for a clip's timeline, for its video, and for the frames of ten seconds at a time.",
    }),
    get(31, [130, 380], "/video-viewer", 32),
    node(32, "template", [330, 380], template("look", "look", "css", text("page/page.css")), [33]),
    node(
      33,
      "template",
      [490, 380],
      template("script", "script", "javascript", script("page/page.js")),
      [34],
    ),
    node(
      34,
      "template",
      [650, 380],
      template("page", "payload", "html", text("page/page.html"), "mustache"),
      [35],
    ),
    node(35, "http response", [830, 380], {
      name: "",
      statusCode: "",
      headers: {
        "content-type": "text/html; charset=utf-8",
        "cache-control": "no-cache",
        "content-security-policy": security,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
      },
    }),
    get(40, [150, 440], "/video-viewer/clips", 41),
    node(41, "function", [370, 440], code("list of clips", "list", []), [43]),
    get(42, [170, 500], "/video-viewer/clips/:id/:part", 44),
    node(43, "http response", [610, 440], {
      name: "",
      statusCode: "",
      headers: { "cache-control": "no-store", "x-content-type-options": "nosniff" },
    }),
    node(44, "function", [400, 500], code("file of a clip", "send", modules("path")), [43]),
  ];
}
