// Copies and fills where at least one tensor is on a device.
#include "devices.h"
#include "kernel.h"

namespace flambeau {

namespace {

// `t` in the order of its elements in memory, without gaps, on its own device.
Tensor dense(const Tensor& t) {
  if (t.is_dense()) return t;
  Tensor copy = empty_tensor(t.shape, t.dtype, nullptr, device_of(t));
  copy_into(copy, t);
  return copy;
}

// A dense tensor with the strides of `like`, elsewhere.
Tensor twin(const Tensor& like, Device* device) {
  return empty_tensor(like.shape, like.dtype, like.strides, device);
}

// The bytes of a dense tensor into another of the same layout.
void transfer(const Tensor& to, const Tensor& from) {
  const size_t bytes = checked_bytes(from.shape, from.dtype);
  Device* const source = device_of(from);
  Device* const target = device_of(to);
  Device& worker = source ? *source : *target;
  if (source && target && &source->kind() != &target->kind()) {
    const Tensor middle = twin(from, nullptr);
    transfer(middle, from);
    return transfer(to, middle);
  }
  worker.check(worker.kind().transfer(to.data, target ? target->index() : -1, from.data,
                                      source ? source->index() : -1, bytes));
}

}  // namespace

void copy_between(const Tensor& to, const Tensor& from) {
  if (to.numel() == 0) return;
  Device* const target = device_of(to);
  if (target && target == device_of(from)) {
    const FlambeauTensor output = bordered(to), input = bordered(from);
    return target->check(target->kind().copy(target->index(), &output, &input));
  }
  const Tensor source = dense(from);
  const bool same = to.dtype == source.dtype && to.shape == source.shape && to.is_dense();
  bool in_order = same;
  for (int axis = 0; same && axis < to.ndim(); ++axis)
    in_order &= to.size(axis) == 1 || to.stride(axis) == source.stride(axis);
  if (in_order) return transfer(to, source);
  const Tensor arrived = twin(source, target);
  transfer(arrived, source);
  copy_into(to, arrived);
}

void fill_on_device(const Tensor& to, double value) {
  if (to.numel() == 0) return;
  Device& device = *device_of(to);
  const FlambeauTensor output = bordered(to);
  device.check(device.kind().fill(device.index(), &output, value));
}

}  // namespace flambeau
