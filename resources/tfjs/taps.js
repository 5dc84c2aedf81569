// Names for every tensor of a model, as Model Inspector's reader gives them.
"use strict";

// This layer writes its output's height and width into its input's shape.
if (tf.layers.centerCrop) {
  const crop = tf.layers.centerCrop({ height: 1, width: 1 }).constructor.prototype;
  const shapeOf = crop.computeOutputShape;
  crop.computeOutputShape = function (shape) {
    return shapeOf.call(this, JSON.parse(JSON.stringify(shape)));
  };
}

const isModel = (layer) => layer instanceof tf.LayersModel;
const asList = (value) => (Array.isArray(value) ? value : [value]);

// Which call of its layer each node of a functional model is, counted within this model.
function callsOf(model) {
  const nodes = Object.keys(model.nodesByDepth)
    .sort((a, b) => b - a)
    .flatMap((depth) => model.nodesByDepth[depth])
    .filter((node) => node.outboundLayer.getClassName() !== "InputLayer");
  const numbers = new Map();
  for (const node of nodes) {
    const own = nodes.filter((other) => other.outboundLayer === node.outboundLayer);
    const places = own.map((other) => other.outboundLayer.inboundNodes.indexOf(other)).sort((a, b) => a - b);
    numbers.set(node, places.indexOf(node.outboundLayer.inboundNodes.indexOf(node)));
  }
  return numbers;
}

// Symbolic tensors of a layers model by name: a layer's name, `@1` for its second call, `:1` for its second output,
// `outer/inner` inside a nested model. A nested model's layers are applied anew to what the outer one gives it.
class LayerTaps {
  constructor(model) {
    this.tensors = new Map();
    this.classes = new Map();
    this.anew = model.layers.some(isModel);
    this.outputs = this.walk(model, "", model.inputs);
  }

  walk(model, prefix, given) {
    return model instanceof tf.Sequential ? this.chain(model, prefix, given) : this.functional(model, prefix, given);
  }

  chain(model, prefix, given) {
    let here = given;
    for (const layer of model.layers) {
      if (layer.getClassName() !== "InputLayer") {
        here = this.call(layer, layer.name, prefix, here, isModel(layer) ? null : layer.inboundNodes[0]);
      }
    }
    return here;
  }

  functional(model, prefix, given) {
    const made = new Map(model.inputs.map((tensor, place) => [tensor.id, given[place]]));
    for (const [node, number] of callsOf(model)) {
      const layer = node.outboundLayer;
      const taken = node.inputTensors.map((tensor) => made.get(tensor.id));
      const outputs = this.call(layer, number ? `${layer.name}@${number}` : layer.name, prefix, taken, node);
      node.outputTensors.forEach((tensor, place) => made.set(tensor.id, outputs[place]));
    }
    return model.outputs.map((tensor) => made.get(tensor.id));
  }

  call(layer, part, prefix, taken, node) {
    const name = prefix + part;
    const outputs = isModel(layer) ? this.walk(layer, `${name}/`, taken) : this.applied(layer, taken, node);
    outputs.forEach((tensor, place) => {
      this.tensors.set(place ? `${name}:${place}` : name, tensor);
      this.classes.set(place ? `${name}:${place}` : name, layer.getClassName());
    });
    return outputs;
  }

  applied(layer, taken, node) {
    if (!this.anew) return node.outputTensors;
    return asList(layer.apply(taken.length === 1 ? taken[0] : taken, node.callArgs || undefined));
  }
}

function layerInputNames(model) {
  if (!(model instanceof tf.Sequential)) return model.inputLayers.map((layer) => layer.name);
  const first = model.layers[0];
  return [first.getClassName() === "InputLayer" ? first.name : `${first.name}_input`];
}

// Tensors of a graph model: each node's first output, and further ones that somebody reads.
function graphTaps(graph) {
  const names = new Map();
  for (const node of Object.values(graph.nodes)) {
    if (!["Const", "NoOp", "Placeholder"].includes(node.op)) names.set(`${node.name}:0`, node);
  }
  for (const node of Object.values(graph.nodes)) {
    for (const text of node.inputNames) {
      const [name, place] = [text.split(":")[0], Number(text.split(":").pop())];
      if (place > 0 && names.has(`${name}:0`)) names.set(`${name}:${place}`, graph.nodes[name]);
    }
  }
  return names;
}

const COMPARING = /^(Not)?Equal$|^(Less|Greater)(Equal)?$|^Logical|^Is(Nan|Inf|Finite)$/;

// The dtype of a node's outputs, as far as its attributes tell it.
function nodeDtype(node) {
  if (COMPARING.test(node.op)) return "bool";
  const raw = node.rawAttrs || {};
  const stated = raw.DstT || raw.output_type || raw.out_type || raw.dtype || raw.T;
  const known = { DT_INT32: "int32", DT_INT64: "int32", DT_BOOL: "bool", DT_STRING: "string", DT_COMPLEX64: "complex64" };
  return (stated && known[stated.type]) || (node.op === "Shape" ? "int32" : "float32");
}
