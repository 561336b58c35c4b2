// Exported functions that hold, describe, read and write tensors.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "exchange.h"
#include "exports.h"

namespace flambeau {
namespace {

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

// The numbers of an array, which has as many as `t` and one of the types above, as a row-major
// tensor of the shape of `t`.
Tensor exchanged(const TypedArray& array, const Tensor& t) {
  if (static_cast<int64_t>(array.length) != t.numel())
    throw Failure("ERR_INTERNAL", "the array's length is not the tensor's number of elements");
  Tensor numbers;
  numbers.data = static_cast<char*>(array.data);
  numbers.shape = t.shape;
  contiguous_strides(numbers.shape, numbers.strides);
  numbers.dtype = exchange_type(array, t.dtype);
  return numbers;
}

// read(id, array): the elements in row-major order; a 64-bit integer that a double cannot hold is
// refused.
napi_value read(Arguments& a) {
  const Tensor& t = a.entry(0)->tensor;
  const Tensor out = exchanged(a.typed_array(1), t);
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
  const Tensor& t = a.entry(0)->tensor;
  const Tensor from = exchanged(a.typed_array(1), t);
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

constexpr Export kExports[] = {
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
};

}  // namespace

std::span<const Export> tensor_exports() { return kExports; }

}  // namespace flambeau
