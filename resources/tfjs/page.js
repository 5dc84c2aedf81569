// Runs one TensorFlow.js model for Model Inspector's runner. Bytes come and go through the page's own scheme, which
// the runner answers: /model/* and /in/* are read. A call's answer is one download. There is no network.
"use strict";

let side = null; // the loaded model
let arrays = []; // what goes back with the answer
let handed = ""; // the last answer's address

async function bytes(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`${path} cannot be read`);
  return answer.arrayBuffer();
}

// Over whole words of four bytes: a damaged transfer must not become a number.
function checksum(array) {
  const words = new Uint32Array(array.buffer, array.byteOffset, array.byteLength >> 2);
  let sum = 0;
  for (let place = 0; place < words.length; place++) sum ^= words[place];
  return sum >>> 0;
}

async function artifacts(shards) {
  const stated = JSON.parse(new TextDecoder().decode(await bytes("/model/model.json")));
  const manifest = stated.weightsManifest || [];
  const parts = [];
  for (let number = 0; number < shards; number++) parts.push(await bytes(`/model/${number}`));
  delete stated.trainingConfig; // how it was trained is not needed, and must not stop a load
  return {
    ...stated,
    weightSpecs: manifest.flatMap((group) => group.weights),
    weightData: await new Blob(parts).arrayBuffer(),
  };
}

function tensorOf(fed, buffer) {
  if (fed.dtype === "string") return tf.tensor(fed.values, fed.shape, "string");
  const kinds = { float32: Float32Array, int32: Int32Array, bool: Uint8Array };
  if (fed.dtype === "complex64") {
    const pairs = tf.tensor(new Float32Array(buffer), [...fed.shape, 2]);
    const [real, imaginary] = tf.unstack(pairs, -1);
    return tf.complex(real, imaginary);
  }
  return tf.tensor(new kinds[fed.dtype](buffer), fed.shape, fed.dtype);
}

function taken(tensor) {
  const values = tensor.dataSync(); // data() would wait with timers
  const said = { dtype: tensor.dtype, shape: tensor.shape };
  if (tensor.dtype === "string") return { ...said, values: Array.from(values) };
  return { ...said, blob: arrays.push(values) - 1 };
}

class LayersSide {
  constructor(model) {
    this.model = model;
    this.taps = new LayerTaps(model);
    this.inputs = layerInputNames(model);
  }

  describe() {
    const inputs = this.model.inputs.map((tensor, place) => [this.inputs[place], tensor]);
    const named = new Map([...inputs, ...this.taps.tensors].map(([name, tensor]) => [tensor.id, name]).reverse());
    return {
      inputs: this.model.inputs.map((tensor, place) => ({ tensor: this.inputs[place], ...about(tensor) })),
      outputs: this.taps.outputs.map((tensor) => named.get(tensor.id)),
      taps: Array.from(this.taps.tensors, ([name, tensor]) => ({
        tensor: name, op: this.taps.classes.get(name), ...about(tensor),
      })),
    };
  }

  plain(fed, names) {
    const outputs = asList(this.model.predict(this.inOrder(fed)));
    const known = this.describe().outputs;
    return names.map((name) => outputs[known.indexOf(name)]);
  }

  tapped(fed, names) {
    const wanted = names.map((name) => this.taps.tensors.get(name));
    const once = [...new Set(wanted)]; // a nested model's output bears two names
    const watching = tf.model({ inputs: this.model.inputs, outputs: once });
    const found = asList(watching.predict(this.inOrder(fed)));
    return wanted.map((tensor) => found[once.indexOf(tensor)]);
  }

  inOrder(fed) {
    const tensors = this.inputs.map((name) => fed[name]);
    return tensors.length === 1 ? tensors[0] : tensors;
  }
}

class GraphSide {
  constructor(model) {
    this.model = model;
    this.graph = model.executor.graph;
  }

  describe() {
    const ported = (node) => ({ tensor: `${node.name}:0`, ...this.stated(node) });
    const computed = this.graph.outputs.filter((node) => !["Const", "NoOp"].includes(node.op));
    return {
      inputs: this.graph.inputs.filter((node) => node.op === "Placeholder").map(ported),
      outputs: computed.map((node) => `${node.name}:0`),
      taps: Array.from(graphTaps(this.graph), ([tensor, node]) => ({
        tensor, op: node.op, shape: null, dtype: nodeDtype(node),
      })),
    };
  }

  stated(node) {
    const value = (name) => node.attrParams[name] && node.attrParams[name].value;
    const shape = value("shape");
    return { shape: shape ? shape.map((size) => (size < 0 ? null : size)) : null, dtype: value("dtype") || "float32" };
  }

  plain(fed, names) {
    return this.tapped(fed, names);
  }

  // Graphs whose way depends on values can only be executed step by step.
  async tapped(fed, names) {
    const inputs = Object.fromEntries(Object.entries(fed).map(([name, tensor]) => [name.replace(/:0$/, ""), tensor]));
    try {
      return asList(this.model.execute(inputs, names));
    } catch (error) {
      if (!/executeAsync|dynamic/.test(error.message)) throw error;
      return asList(await this.model.executeAsync(inputs, names));
    }
  }
}

const about = (tensor) => ({ shape: tensor.shape, dtype: tensor.dtype });

// What the backend really computes in: 1 + 2^-20 is no float16, and 1e-8 is less than its smallest number.
async function precision() {
  const fine = tf.tensor1d([1 + 2 ** -20, 1e-8]);
  const [above, small] = await tf.mul(fine, tf.tensor1d([1, 1])).data();
  return above > 1 && small > 0 ? "float32" : "float16";
}

function renderer() {
  if (tf.getBackend() !== "webgl") return "";
  const gl = tf.backend().gpgpu.gl;
  const extension = gl.getExtension("WEBGL_debug_renderer_info");
  const name = extension ? gl.getParameter(extension.UNMASKED_RENDERER_WEBGL) : gl.getParameter(gl.RENDERER);
  return `WebGL ${tf.env().get("WEBGL_VERSION")}, ${name}`;
}

const methods = {
  async backend({ name }) {
    tf.wasm.setWasmPaths("/lib/");
    const known = tf.findBackendFactory(name) != null && (await tf.setBackend(name));
    if (known) await tf.ready();
    const flags = ["WEBGL_RENDER_FLOAT32_CAPABLE", "WEBGL_RENDER_FLOAT32_ENABLED", "WEBGL_PACK"];
    return {
      backend: known ? tf.getBackend() : "",
      version: tf.version.tfjs,
      precision: known ? await precision() : "",
      renderer: known ? renderer() : "",
      flags: name === "webgl" && known ? Object.fromEntries(flags.map((flag) => [flag, tf.env().getBool(flag)])) : {},
    };
  },

  async load({ kind, shards }) {
    const load = async () => artifacts(shards);
    const isGraph = kind === "graph";
    const model = isGraph ? await tf.loadGraphModel({ load }) : await tf.loadLayersModel({ load });
    side = isGraph ? new GraphSide(model) : new LayersSide(model);
    return side.describe();
  },

  // The variables of a layers model by layer, in its order, whatever weights the file has.
  async variables() {
    const stated = JSON.parse(new TextDecoder().decode(await bytes("/model/model.json")));
    const model = await tf.loadLayersModel({ load: async () => ({ modelTopology: stated.modelTopology }) });
    const leaves = (layers) => layers.flatMap((layer) => (isModel(layer) ? leaves(layer.layers) : [layer]));
    const held = (layer) => layer.weights.map((weight) => [weight.originalName, weight.shape]);
    const said = leaves(model.layers).map((layer) => [layer.name, held(layer)]);
    model.dispose();
    return said;
  },

  async run({ inputs, names, plain }) {
    const fed = Object.create(null); // an input may have any name
    for (const input of inputs) {
      fed[input.tensor] = tensorOf(input, input.blob == null ? null : await bytes(`/in/${input.blob}`));
    }
    const found = await (plain ? side.plain(fed, names) : side.tapped(fed, names));
    const said = found.map(taken);
    tf.dispose([found, fed]);
    return said;
  },
};

// One file: the length and the checksum of the JSON, the JSON, and the arrays, whose lengths and checksums it states.
function handOver(answer) {
  const parts = arrays.map((array) => [array.byteLength, checksum(array)]);
  const text = new TextEncoder().encode(JSON.stringify({ ...answer, parts }));
  URL.revokeObjectURL(handed);
  handed = URL.createObjectURL(new Blob([new Uint32Array([text.byteLength, checksum(text)]), text, ...arrays]));
  arrays = [];
  const link = document.createElement("a");
  link.href = handed;
  link.download = "answer";
  link.click();
}

// The runner calls this; the answer is a download, since a promise is nothing that the runner can wait for.
async function inspect(method, args) {
  arrays = [];
  let answer;
  try {
    answer = { result: await methods[method](args) };
  } catch (error) {
    arrays = [];
    answer = { error: String(error.message || error), stack: String(error.stack || "") };
  }
  handOver(answer);
}
