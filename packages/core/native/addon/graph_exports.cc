// Exported functions of the graph: what the gradient engine needs. See graph_api.h.
#include "exports.h"
#include "graph.h"
#include "graph_api.h"

namespace flambeau {
namespace {

napi_value set_requires_grad(Arguments& a) {
  Entry* entry = a.entry(0);
  const bool on = a.as_number(1) != 0;
  if (!on && entry->node) a.environment().context().set_node(entry, nullptr, 0);
  entry->requires_grad = on;
  return nullptr;
}

// setRetainsGrad(id)
napi_value set_retains_grad(Arguments& a) {
  a.entry(0)->retains_grad = true;
  return nullptr;
}

napi_value run_plan(Arguments& a) {
  const TypedArray out = a.typed_array(1);
  if (out.type != napi_int32_array) throw Failure("ERR_INTERNAL", "plan writes to an Int32Array");
  return a.number(static_cast<double>(
      plan(a.connected(), a.as_uint32(0), static_cast<int32_t*>(out.data), out.length)));
}

napi_value run_unpack(Arguments& a) {
  unpack(a.connected(), a.as_uint32(0), a.as_uint32(1));
  return nullptr;
}

napi_value run_view_geometry(Arguments& a) {
  view_geometry(a.connected(), a.as_uint32(0));
  return nullptr;
}

napi_value run_node_edges(Arguments& a) {
  node_edges(a.connected(), a.as_uint32(0));
  return nullptr;
}

napi_value run_graph_info(Arguments& a) {
  graph_info(a.connected(), a.as_uint32(0));
  return nullptr;
}

// become(from, to, keepHistory): a wrapper goes over from one tensor to another, which becomes what
// the first was for the graph, or stays what it is and may be written to as the first could.
napi_value become(Arguments& a) {
  Entry* from = a.entry(0);
  Entry* to = a.entry(1);
  if (a.as_number(2) != 0) {
    if (from != to) a.environment().context().move_history(from, to);
  } else {
    to->creation = from->creation;
  }
  return nullptr;
}

// checkInPlace(id): throws where a recorded operation may not change the tensor.
napi_value check_in_place(Arguments& a) {
  a.environment().context().check_in_place(a.entry(0));
  return nullptr;
}

napi_value run_connect_node(Arguments& a) {
  return a.number(connect_node(a.connected(), a.as_uint32(0), a.as_uint32(1)));
}

// saveFor(slot, id, output index + 1)
napi_value run_save_for(Arguments& a) {
  save_for(a.environment(), a.as_uint32(0), a.as_uint32(1), static_cast<int>(a.as_uint32(2)) - 1);
  return nullptr;
}

napi_value release_saved(Arguments& a) {
  Context& context = a.environment().context();
  context.release_saved(context.node(a.as_uint32(0)));
  return nullptr;
}

// dropSaved(slot): lets go of saved tensors that are to be computed again.
napi_value drop_saved(Arguments& a) {
  a.environment().context().drop_saved(a.as_uint32(0));
  return nullptr;
}

napi_value run_node_of(Arguments& a) {
  node_of(a.connected(), a.as_uint32(0));
  return nullptr;
}

napi_value unshared(Arguments& a) {
  return a.boolean(is_unshared(a.environment(), a.as_uint32(0)));
}

napi_value run_set_grad(Arguments& a) {
  set_grad(a.environment(), a.as_uint32(0), a.as_uint32(1));
  return nullptr;
}

// grad(id): the id of the gradient with a count for the caller, or 0.
napi_value grad(Arguments& a) {
  Entry* grad = a.entry(0)->grad;
  if (grad) Context::retain(grad);
  return a.number(grad ? grad->id : 0);
}

// deadNodes(): writes how many, then the slots whose nodes died; other nodes may have them from now
// on. To be called until the count is 0.
napi_value dead_nodes(Arguments& a) {
  Environment& environment = a.connected();
  double* out = environment.commands();
  size_t count = 0;
  while (count + 1 < environment.command_capacity()) {
    const uint32_t slot = environment.context().take_dead_slot();
    if (slot == 0) break;
    out[1 + count++] = slot;
  }
  out[0] = static_cast<double>(count);
  return nullptr;
}

constexpr Export kExports[] = {
    {"setRequiresGrad", guarded<set_requires_grad>},
    {"setRetainsGrad", guarded<set_retains_grad>},
    {"plan", guarded<run_plan>},
    {"unpack", guarded<run_unpack>},
    {"viewGeometry", guarded<run_view_geometry>},
    {"nodeEdges", guarded<run_node_edges>},
    {"graphInfo", guarded<run_graph_info>},
    {"become", guarded<become>},
    {"checkInPlace", guarded<check_in_place>},
    {"connectNode", guarded<run_connect_node>},
    {"saveFor", guarded<run_save_for>},
    {"releaseSaved", guarded<release_saved>},
    {"dropSaved", guarded<drop_saved>},
    {"nodeOf", guarded<run_node_of>},
    {"unshared", guarded<unshared>},
    {"setGrad", guarded<run_set_grad>},
    {"grad", guarded<grad>},
    {"deadNodes", guarded<dead_nodes>},
};

}  // namespace

std::span<const Export> graph_exports() { return kExports; }

}  // namespace flambeau
