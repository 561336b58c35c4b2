// The N-API surface. It is generic: an operation adds a kernel and a record in src/ops, nothing
// here.
#include <node_api.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>

#include "about.h"
#include "arguments.h"
#include "devices.h"
#include "environment.h"
#include "exchange.h"
#include "graph.h"
#include "graph_api.h"
#include "launch.h"
#include "parallel.h"

namespace flambeau {
namespace {

// Every exported function runs in here: a C++ exception becomes a JavaScript error with a code,
// never a crash or a null result.
template <napi_value (*Body)(Arguments&)>
napi_value guarded(napi_env env, napi_callback_info info) noexcept {
  try {
    Arguments arguments(env, info);
    return Body(arguments);
  } catch (const Failure& e) {
    napi_throw_error(env, e.code(), e.what());
  } catch (const std::bad_alloc&) {
    napi_throw_error(env, "ERR_OUT_OF_MEMORY", "0");
  } catch (const std::exception& e) {
    napi_throw_error(env, "ERR_NATIVE", e.what());
  } catch (...) {
    napi_throw_error(env, "ERR_NATIVE", "unknown native failure");
  }
  return nullptr;
}

napi_value connect(Arguments& a) {
  a.environment().connect(a.value(0), a.value(1), a.value(2));
  return nullptr;
}

napi_value kernel_names(Arguments& a) {
  napi_value list;
  napi_create_array(a.env(), &list);
  uint32_t i = 0;
  for (const std::string& name : KernelRegistry::instance().names()) {
    napi_value text;
    napi_create_string_utf8(a.env(), name.c_str(), name.size(), &text);
    napi_set_element(a.env(), list, i++, text);
  }
  return list;
}

// An object of texts.
napi_value describe(Arguments& a) {
  napi_value object;
  napi_create_object(a.env(), &object);
  for (const auto& [name, value] : about()) {
    napi_value text;
    napi_create_string_utf8(a.env(), value.c_str(), value.size(), &text);
    napi_set_named_property(a.env(), object, name.c_str(), text);
  }
  return object;
}

napi_value run_launch(Arguments& a) {
  launch(a.connected(), a.values(), a.count());
  return nullptr;
}

// --- counts ---

napi_value retain(Arguments& a) {
  Context::retain(a.entry(0));
  return nullptr;
}

napi_value release(Arguments& a) {
  a.environment().context().release(a.entry(0));
  return nullptr;
}

// dispose(id): gives back the count of a tracked wrapper.
napi_value dispose(Arguments& a) {
  a.environment().give_up(a.entry(0));
  return nullptr;
}

// track(id, wrapper) -> id: the wrapper takes over one count. If another wrapper is already tracked
// for this tensor, the result is the id of an alias.
napi_value track(Arguments& a) {
  Context& context = a.environment().context();
  Entry* entry = a.entry(0);
  if (entry->weak_slot >= 0) {
    Tensor copy = entry->tensor;
    Entry* alias = context.add(std::move(copy));
    alias->is_view = entry->is_view;
    if (is_floating(entry->tensor.dtype)) context.attach_view(alias, entry, Creation::kDefault);
    if (Node* node = context.gradient_node(entry))
      context.set_node(alias, node, entry->output_index);
    context.release(entry);
    entry = alias;
  }
  a.environment().track(a.value(1), entry);
  return a.number(entry->id);
}

// untrack(id): the count goes back from the wrapper to the caller.
napi_value untrack(Arguments& a) {
  a.environment().untrack(a.entry(0));
  return nullptr;
}

// --- what a tensor is ---

// info(id): writes dtype, rank, requiresGrad, isView, isLeaf, storage bytes, offset, version,
// tracked?, then sizes, then strides.
napi_value info(Arguments& a) {
  const Entry* entry = a.entry(0);
  const Tensor& t = entry->tensor;
  double* out = a.connected().commands();
  out[0] = static_cast<double>(t.dtype);
  out[1] = t.ndim();
  // What a view's base became by a write since is the view's own as soon as it is used.
  const Entry* base = entry->base;
  const bool follows =
      base && base->requires_grad && entry->view_version != t.storage->version.load();
  out[2] = entry->requires_grad || (base && base->requires_grad);
  out[3] = entry->is_view;
  out[4] = !follows && (!entry->requires_grad || entry->node == nullptr || entry->is_leaf_node);
  out[5] = static_cast<double>(t.storage->bytes);
  const int64_t offset_bytes = t.data - static_cast<char*>(t.storage->block.ptr);
  const int64_t offset = offset_bytes / static_cast<int64_t>(t.item_bytes());
  out[6] = static_cast<double>(offset);
  out[7] = t.storage->version.load();
  out[8] = entry->weak_slot >= 0;
  for (int i = 0; i < t.ndim(); ++i) {
    out[9 + i] = static_cast<double>(t.size(i));
    out[9 + t.ndim() + i] = static_cast<double>(t.stride(i));
  }
  return nullptr;
}

napi_value same_storage(Arguments& a) {
  return a.boolean(a.entry(0)->tensor.storage.get() == a.entry(1)->tensor.storage.get());
}

// --- contents ---

// The type of the numbers in an array that a tensor's elements are read into or come from: the
// tensor's own (a Uint16Array holds the bits of 16-bit floats), float32 for 16-bit floats, or
// float64.
DType exchange_type(const TypedArray& array, DType dtype) {
  if (array.holds(dtype)) return dtype;
  if (array.type == napi_float64_array) return DType::kFloat64;
  if (array.type == napi_float32_array && is_16bit_float(dtype)) return DType::kFloat32;
  throw Failure("ERR_INTERNAL", "the array's type is not the tensor's");
}

// read(id, array): the elements in row-major order. The array has the tensor's count and one of the
// types above; a 64-bit integer that a double cannot hold is refused.
napi_value read(Arguments& a) {
  const Tensor& t = a.entry(0)->tensor;
  const TypedArray array = a.typed_array(1);
  if (static_cast<int64_t>(array.length) != t.numel())
    throw Failure("ERR_INTERNAL", "the array's length is not the tensor's number of elements");
  Tensor out;
  out.data = static_cast<char*>(array.data);
  out.shape = t.shape;
  contiguous_strides(out.shape, out.strides);
  out.dtype = exchange_type(array, t.dtype);
  if (t.dtype == DType::kInt64 && out.dtype != DType::kInt64) {
    Tensor dense = t;
    if (!t.is_contiguous() || device_of(t)) {
      dense = empty_tensor(t.shape, t.dtype);
      copy_into(dense, t);
    }
    constexpr int64_t kExact = int64_t{1} << 53;
    for (int64_t i = 0; i < t.numel(); ++i)
      if (dense.as<int64_t>()[i] > kExact || dense.as<int64_t>()[i] < -kExact)
        throw Failure("ERR_PRECISION", std::to_string(dense.as<int64_t>()[i]));
  }
  if (t.numel() > 0) copy_into(out, t);
  return nullptr;
}

// write(id, array): fills a new tensor, of which nothing was saved yet, from row-major elements of
// its own type, or from numbers in a Float64Array.
napi_value write(Arguments& a) {
  Tensor& t = a.entry(0)->tensor;
  const TypedArray array = a.typed_array(1);
  if (static_cast<int64_t>(array.length) != t.numel())
    throw Failure("ERR_INTERNAL", "the array's length is not the tensor's number of elements");
  Tensor from;
  from.data = static_cast<char*>(array.data);
  from.shape = t.shape;
  contiguous_strides(from.shape, from.strides);
  from.dtype = exchange_type(array, t.dtype);
  if (t.numel() > 0) copy_into(t, from);
  return nullptr;
}

// item(id): the only element as a number.
napi_value item(Arguments& a) {
  Tensor t = a.entry(0)->tensor;
  if (t.numel() != 1) throw Failure("ERR_SHAPE", "item needs exactly one element");
  if (device_of(t)) {
    const Tensor there = t;
    t = empty_tensor(there.shape, there.dtype);
    copy_into(t, there);
  }
  const double value = with_every_type(t.dtype, [&](auto zero) -> double {
    using T = decltype(zero);
    const T typed = *t.as<T>();
    if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>) {
      return formulas::to_float(typed);
    } else {
      if constexpr (std::is_same_v<T, int64_t>) {
        constexpr int64_t kExact = int64_t{1} << 53;
        if (typed > kExact || typed < -kExact)
          throw Failure("ERR_PRECISION", std::to_string(typed));
      }
      return static_cast<double>(typed);
    }
  });
  return a.number(value);
}

// --- the graph ---

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

// --- memory, threads, random numbers ---

napi_value memory_stats(Arguments& a) {
  Environment& environment = a.connected();
  const AllocatorStats stats = allocator_stats();
  double* out = environment.commands();
  const double values[] = {static_cast<double>(stats.live_bytes),
                           static_cast<double>(stats.cached_bytes),
                           static_cast<double>(stats.peak_live_bytes),
                           static_cast<double>(environment.context().live_entries()),
                           static_cast<double>(environment.context().live_nodes()),
                           static_cast<double>(stats.allocations),
                           static_cast<double>(stats.cache_hits),
                           static_cast<double>(environment.minor_collections()),
                           static_cast<double>(environment.major_collections()),
                           static_cast<double>(Environment::limit())};
  std::memcpy(out, values, sizeof(values));
  return nullptr;
}

// live(): for the out-of-memory message. Writes how many, then dtype, rank, bytes, sizes of the
// largest live tensors.
napi_value live(Arguments& a) {
  Environment& environment = a.connected();
  const std::vector<const Entry*> largest = environment.context().largest(8);
  double* out = environment.commands();
  *out++ = static_cast<double>(largest.size());
  for (const Entry* entry : largest) {
    *out++ = static_cast<double>(entry->tensor.dtype);
    *out++ = entry->tensor.ndim();
    *out++ = static_cast<double>(entry->tensor.storage->bytes);
    for (int i = 0; i < entry->tensor.ndim(); ++i)
      *out++ = static_cast<double>(entry->tensor.size(i));
  }
  return nullptr;
}

napi_value collect(Arguments& a) {
  a.connected().collect(a.as_number(0) != 0);
  return nullptr;
}
napi_value safe_point(Arguments& a) {
  a.connected().safe_point();
  return nullptr;
}
napi_value poll(Arguments& a) {
  a.environment().poll();
  return nullptr;
}
napi_value set_limit(Arguments& a) {
  const double bytes = a.as_number(0);
  if (!(bytes >= 0 && bytes <= 9007199254740992.0))
    throw Failure("ERR_INTERNAL", "a limit must be a number of bytes");
  Environment::set_limit(static_cast<size_t>(bytes));
  return nullptr;
}
napi_value empty_cache(Arguments&) {
  trim_cache(0);
  return nullptr;
}
napi_value reset_peak_stats(Arguments&) {
  reset_peak();
  return nullptr;
}
napi_value get_threads(Arguments& a) { return a.number(num_threads()); }
napi_value set_threads(Arguments& a) {
  set_num_threads(static_cast<int>(std::min<uint32_t>(a.as_uint32(0), 1024)));
  return nullptr;
}

// Generators are numbered; 0 is the default one.
Generator& generator_of(Arguments& a) {
  return a.environment().context().generator(static_cast<int>(a.as_uint32(0)));
}
napi_value new_generator(Arguments& a) {
  return a.number(a.environment().context().new_generator());
}
napi_value free_generator(Arguments& a) {
  a.environment().context().free_generator(static_cast<int>(a.as_uint32(0)));
  return nullptr;
}
// seed(generator, low 32 bits, high 32 bits)
napi_value seed(Arguments& a) {
  const uint64_t low = a.as_uint32(1), high = a.as_uint32(2);
  generator_of(a).manual_seed(high << 32 | low);
  return nullptr;
}
// state(generator, bytes, write?)
napi_value state(Arguments& a) {
  Generator& generator = generator_of(a);
  const TypedArray bytes = a.typed_array(1);
  if (bytes.type != napi_uint8_array || bytes.length != Generator::kStateBytes)
    throw Failure("ERR_VALUE", "a generator state is a Uint8Array of 5056 bytes");
  if (a.as_number(2) != 0) {
    generator.load_state(static_cast<const uint8_t*>(bytes.data), bytes.length);
  } else {
    const auto saved = generator.save_state();
    std::memcpy(bytes.data, saved.data(), saved.size());
  }
  return nullptr;
}
napi_value initial_seed(Arguments& a) {
  const uint64_t seed = generator_of(a).initial_seed();
  a.connected().commands()[0] = static_cast<double>(seed & 0xffffffffu);
  a.connected().commands()[1] = static_cast<double>(seed >> 32);
  return nullptr;
}

// deviceOffset(generator): where its stream on devices is, as two numbers of 32 bits.
napi_value device_offset(Arguments& a) {
  const uint64_t offset = generator_of(a).device_offset();
  a.connected().commands()[0] = static_cast<double>(offset & 0xffffffffu);
  a.connected().commands()[1] = static_cast<double>(offset >> 32);
  return nullptr;
}
// setDeviceOffset(generator, low 32 bits, high 32 bits)
napi_value set_device_offset(Arguments& a) {
  const uint64_t low = a.as_uint32(1), high = a.as_uint32(2);
  generator_of(a).set_device_offset(high << 32 | low);
  return nullptr;
}

// --- devices ---

// registerDevices(external) -> the ordinal of the first one. The external holds a FlambeauDevice.
napi_value run_register_devices(Arguments& a) {
  napi_valuetype kind;
  void* data = nullptr;
  if (napi_typeof(a.env(), a.value(0), &kind) != napi_ok || kind != napi_external ||
      napi_get_value_external(a.env(), a.value(0), &data) != napi_ok || !data)
    throw Failure("ERR_DEVICE", "what is to be registered is not a device's addon");
  return a.number(register_devices(static_cast<const FlambeauDevice*>(data)));
}
// deviceOf(id) -> the ordinal of the device that holds the tensor; 0 for the processor.
napi_value run_device_of(Arguments& a) {
  const Device* device = device_of(a.entry(0)->tensor);
  return a.number(device ? device->ordinal() : 0);
}
// synchronize(ordinal)
napi_value synchronize(Arguments& a) {
  if (Device* device = device_at(static_cast<int>(a.as_uint32(0)))) device->synchronize();
  return nullptr;
}

// --- other threads ---

napi_value run_open_channel(Arguments& a) { return a.number(open_channel()); }
napi_value run_close_channel(Arguments& a) {
  close_channel(a.as_uint32(0));
  return nullptr;
}
// send(id, channel) -> ticket
napi_value run_send(Arguments& a) {
  return a.number(static_cast<double>(send(a.as_uint32(1), a.entry(0)->tensor)));
}
// receive(ticket, keep?) -> id, with a count for the caller
napi_value run_receive(Arguments& a) {
  const double ticket = a.as_number(0);
  if (!(ticket >= 0 && ticket <= 9007199254740992.0))
    throw Failure("ERR_INTERNAL", "a ticket must be a whole number");
  Tensor tensor = receive(static_cast<uint64_t>(ticket), a.as_number(1) != 0);
  // As if it had been made here: this thread's garbage is what fills the budget, and only this
  // thread can collect it.
  if (!device_of(tensor)) a.environment().context().reserve(tensor.storage->bytes);
  return a.number(a.environment().context().add(std::move(tensor))->id);
}

using Exported = napi_value (*)(napi_env, napi_callback_info) noexcept;
struct Export {
  const char* name;
  Exported function;
};

constexpr Export kExports[] = {
    {"connect", guarded<connect>},
    {"kernelNames", guarded<kernel_names>},
    {"about", guarded<describe>},
    {"launch", guarded<run_launch>},
    {"retain", guarded<retain>},
    {"release", guarded<release>},
    {"dispose", guarded<dispose>},
    {"track", guarded<track>},
    {"untrack", guarded<untrack>},
    {"info", guarded<info>},
    {"sameStorage", guarded<same_storage>},
    {"read", guarded<read>},
    {"write", guarded<write>},
    {"item", guarded<item>},
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
    {"memoryStats", guarded<memory_stats>},
    {"live", guarded<live>},
    {"collect", guarded<collect>},
    {"safePoint", guarded<safe_point>},
    {"poll", guarded<poll>},
    {"setLimit", guarded<set_limit>},
    {"emptyCache", guarded<empty_cache>},
    {"resetPeak", guarded<reset_peak_stats>},
    {"getNumThreads", guarded<get_threads>},
    {"setNumThreads", guarded<set_threads>},
    {"newGenerator", guarded<new_generator>},
    {"freeGenerator", guarded<free_generator>},
    {"seed", guarded<seed>},
    {"state", guarded<state>},
    {"initialSeed", guarded<initial_seed>},
    {"deviceOffset", guarded<device_offset>},
    {"setDeviceOffset", guarded<set_device_offset>},
    {"registerDevices", guarded<run_register_devices>},
    {"deviceOf", guarded<run_device_of>},
    {"synchronize", guarded<synchronize>},
    {"openChannel", guarded<run_open_channel>},
    {"closeChannel", guarded<run_close_channel>},
    {"send", guarded<run_send>},
    {"receive", guarded<run_receive>},
};

}  // namespace

napi_value initialise(napi_env env, napi_value exports) {
  auto* environment = new Environment(env);
  napi_set_instance_data(
      env, environment, [](napi_env, void* data, void*) { delete static_cast<Environment*>(data); },
      nullptr);
  for (const Export& one : kExports) {
    napi_value function;
    if (napi_create_function(env, one.name, NAPI_AUTO_LENGTH, one.function, environment,
                             &function) != napi_ok ||
        napi_set_named_property(env, exports, one.name, function) != napi_ok)
      return nullptr;
  }
  return exports;
}

}  // namespace flambeau

NAPI_MODULE_INIT() { return flambeau::initialise(env, exports); }
