#include "kernel.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "device_call.h"

namespace flambeau {

KernelRegistry& KernelRegistry::instance() {
  static auto* registry = new KernelRegistry();
  return *registry;
}

bool KernelRegistry::add(const char* name, Kernel kernel, KnowsTypes knows, bool any_device) {
  names_.emplace_back(name);
  kernels_.push_back({kernel, knows, any_device});
  return true;
}

int64_t Call::integer(int i) const {
  const double value = param(i);
  if (!(std::fabs(value) <= 9007199254740992.0) || value != std::trunc(value))
    throw Failure("ERR_VALUE", "a parameter that must be a whole number is not one");
  return static_cast<int64_t>(value);
}

void Call::add_input(Entry* entry) {
  Input& input = inputs_.emplace_back();
  if (!entry) return;
  Context::retain(entry);
  input.entry = entry;
  input.tensor = &entry->tensor;
  has_narrow_ |= is_narrow(entry->tensor.dtype);
}

Call::Number& Call::new_number(DType dtype) {
  if (++used_numbers_ > static_cast<int>(numbers_.size()))
    numbers_.push_back(std::make_unique<Number>());
  Number& number = *numbers_[used_numbers_ - 1];
  number.tensor.dtype = dtype;
  number.tensor.data = number.value;
  return number;
}

void Call::add_number(double value, DType dtype) {
  Input& input = inputs_.emplace_back();
  Number& number = new_number(dtype);
  with_every_type(dtype, [&](auto zero) {
    using T = decltype(zero);
    T typed;
    if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>) {
      typed = formulas::from_float<T>(static_cast<float>(value));
    } else if constexpr (std::is_same_v<T, bool>) {
      typed = value != 0;
    } else if constexpr (std::is_integral_v<T>) {
      // A conversion out of range would be undefined.
      typed = std::fabs(value) < 9.2e18 ? static_cast<T>(static_cast<int64_t>(value)) : T{};
    } else {
      typed = static_cast<T>(value);
    }
    std::memcpy(number.value, &typed, sizeof(T));
  });
  input.tensor = &number.tensor;
  input.value = value;
  has_narrow_ |= is_narrow(dtype);
}

void Call::add_output(const OutputSpec& spec) {
  Output& output = outputs_.emplace_back();
  output.spec = spec;
  has_narrow_ |= is_narrow(spec.dtype);
  if (spec.target) {
    Context::retain(spec.target);
    output.entry = spec.target;
  }
}

// A copy in the wide type with the memory order of `t`; what `t` repeats, the copy repeats.
Tensor Call::widened(const Tensor& t) {
  Tensor single = t;
  for (int axis = 0; axis < t.ndim(); ++axis)
    if (t.stride(axis) == 0 && t.size(axis) > 1) single.shape.sizes[axis] = 1;
  const DType dtype = wide_type(t.dtype);
  int64_t strides[kMaxDims];
  strides_like(single.shape, single, strides);
  Tensor wide = make(single.shape, dtype, strides);
  copy_into(wide, single);
  for (int axis = 0; axis < t.ndim(); ++axis)
    if (t.stride(axis) == 0 && t.size(axis) > 1) wide.strides[axis] = 0;
  wide.shape = t.shape;
  return wide;
}

void Call::widen() {
  for (size_t i = 0; i < inputs_.size(); ++i) {
    Input& input = inputs_[i];
    if (!input.tensor || !is_narrow(input.tensor->dtype)) continue;
    const Tensor* same = nullptr;
    for (size_t k = 0; input.entry && k < i; ++k)
      if (inputs_[k].entry == input.entry) same = inputs_[k].tensor;
    input.tensor = same ? same : &wide_.emplace_back(widened(*input.tensor));
  }
  for (int i = 0; i < num_outputs(); ++i) {
    Output& output = outputs_[i];
    if (!is_narrow(output.spec.dtype)) continue;
    narrowed_.push_back({i, output.spec});
    output.spec.dtype = wide_type(output.spec.dtype);
    if (!output.spec.target) continue;
    output.entry = nullptr;  // its count is that of narrowed_
    Entry* const target = output.spec.target;
    // A target that is an input too is one tensor for the kernel as well.
    const auto same = std::find_if(inputs_.begin(), inputs_.end(),
                                   [&](const Input& input) { return input.entry == target; });
    output.spec.target = output.entry =
        context_.add(same != inputs_.end() ? Tensor(*same->tensor) : widened(target->tensor));
  }
}

void Call::narrow() {
  for (Narrowed& narrowed : narrowed_) {
    Output& output = outputs_[narrowed.output];
    if (!output.entry) throw Failure("ERR_INTERNAL", "a kernel left an output unwritten");
    const Tensor& wide = output.entry->tensor;
    if (wide.dtype != wide_type(narrowed.spec.dtype))
      throw Failure("ERR_INTERNAL", "a kernel left an output of another type");
    Entry* result = std::exchange(narrowed.spec.target, nullptr);
    const bool in_place = result != nullptr;
    if (!in_place) {
      int64_t strides[kMaxDims];
      strides_like(wide.shape, wide, strides);
      result = context_.add(make(wide.shape, narrowed.spec.dtype, strides));
    }
    Entry* const before = std::exchange(output.entry, result);
    output.spec.dtype = narrowed.spec.dtype;
    output.spec.target = in_place ? result : nullptr;
    struct Release {
      Context& context;
      Entry* entry;
      ~Release() { context.release(entry); }
    } release{context_, before};
    copy_into(result->tensor, wide);
  }
  narrowed_.clear();
}

Tensor Call::make(const Shape& shape, DType dtype, const int64_t* strides) {
  const size_t bytes = checked_bytes(shape, dtype);
  if (!device_) {
    context_.reserve(bytes);
    return strides ? empty_tensor(shape, dtype, strides) : empty_tensor(shape, dtype);
  }
  context_.reserve_on(*device_, bytes, false);
  try {
    return empty_tensor(shape, dtype, strides, device_);
  } catch (const DeviceFull&) {
    context_.reserve_on(*device_, bytes, true);
    return empty_tensor(shape, dtype, strides, device_);
  }
}

void Call::run(int index) {
  const KernelRegistry::Registered& kernel = KernelRegistry::instance().at(index);
  if (device_ && !kernel.any_device) {
    run_on_device(index, kernel);
  } else if (has_narrow_ && !(kernel.knows && kernel.knows(*this))) {
    widen();
    kernel.run(*this);
    narrow();
  } else {
    kernel.run(*this);
  }
  for (Output& output : outputs_) {
    if (!output.entry) throw Failure("ERR_INTERNAL", "a kernel left an output unwritten");
    if (output.spec.target)
      output.entry->tensor.storage->version.fetch_add(1, std::memory_order_relaxed);
  }
}

Call::Output& Call::output(int i) {
  if (i < 0 || i >= num_outputs()) throw Failure("ERR_INTERNAL", "a kernel has no such output");
  return outputs_[i];
}

Tensor& Call::out_strided(int i, const int64_t* strides) {
  Output& result = output(i);
  if (!result.entry) {
    result.entry = context_.add(make(result.spec.shape, result.spec.dtype, strides));
  }
  return result.entry->tensor;
}

Tensor& Call::out_spread(int i, int64_t elements, const int64_t* strides) {
  Output& result = output(i);
  if (!result.entry) {
    const Shape line{elements};
    Tensor made = make(line, result.spec.dtype);
    made.shape = result.spec.shape;
    std::copy(strides, strides + made.ndim(), made.strides);
    result.entry = context_.add(std::move(made));
  }
  return result.entry->tensor;
}

Tensor& Call::out(int i) {
  int64_t strides[kMaxDims];
  contiguous_strides(output(i).spec.shape, strides);
  return out_strided(i, strides);
}

Tensor& Call::out_like(int i, const Tensor& like) {
  int64_t strides[kMaxDims];
  const Shape& shape = output(i).spec.shape;
  if (like.ndim() == shape.ndim) {
    strides_like(shape, like, strides);
  } else {
    contiguous_strides(shape, strides);
  }
  return out_strided(i, strides);
}

void Call::out_view(int i, int base, int64_t offset, const int64_t* strides, bool reinterpret) {
  Output& result = output(i);
  const Tensor& from = in(base);
  if (!from.storage) throw Failure("ERR_INTERNAL", "a number has no storage to view");
  if (!wide_.empty()) throw Failure("ERR_INTERNAL", "a converted copy cannot be viewed");
  const DType dtype = result.spec.dtype;
  if (dtype != from.dtype && !reinterpret)
    throw Failure("ERR_INTERNAL", "a view has the type of its tensor");
  const int64_t item = static_cast<int64_t>(element_size(dtype));
  const int64_t first = (from.data - static_cast<char*>(from.storage->block.ptr)) + offset * item;
  if (first % item != 0) throw Failure("ERR_VIEW", "the elements are not aligned");
  int64_t last = 0;
  bool empty = false;
  for (int axis = 0; axis < result.spec.shape.ndim; ++axis) {
    const int64_t size = result.spec.shape.sizes[axis];
    if (size == 0) empty = true;
    if (strides[axis] < 0) throw Failure("ERR_VALUE", "strides must not be negative");
    int64_t reach;
    if (__builtin_mul_overflow(strides[axis], size > 0 ? size - 1 : 0, &reach) ||
        __builtin_add_overflow(last, reach, &last))
      throw Failure("ERR_VALUE", "the view's extent overflows");
  }
  int64_t end;
  if (__builtin_add_overflow(last, 1, &end) || __builtin_mul_overflow(end, item, &end) ||
      __builtin_add_overflow(end, first, &end))
    throw Failure("ERR_VALUE", "the view's extent overflows");
  if (!empty && (first < 0 || end > static_cast<int64_t>(from.storage->bytes)))
    throw Failure("ERR_VALUE", "the view reaches outside of its storage");
  Tensor view;
  view.storage = from.storage;
  view.data = empty ? static_cast<char*>(from.storage->block.ptr)
                    : static_cast<char*>(from.storage->block.ptr) + first;
  view.dtype = dtype;
  view.shape = result.spec.shape;
  for (int axis = 0; axis < view.ndim(); ++axis) view.strides[axis] = strides[axis];
  result.entry = context_.add(std::move(view));
  result.entry->is_view = true;
}

Tensor Call::temporary(const Shape& shape, DType dtype) { return make(shape, dtype); }

Tensor Call::contiguous(const Tensor& t) {
  if (t.is_contiguous()) return t;
  Tensor copy = temporary(t.shape, t.dtype);
  copy_into(copy, t);
  return copy;
}

Entry* Call::take_output(int i) {
  Entry* entry = outputs_[i].entry;
  outputs_[i].entry = nullptr;
  return entry;
}

void Call::finish() {
  for (Input& input : inputs_)
    if (input.entry) context_.release(input.entry);
  for (Output& output : outputs_)
    if (output.entry) context_.release(output.entry);
  if (has_narrow_) forget_narrow();
}

void Call::forget_narrow() {
  for (const Narrowed& narrowed : narrowed_)
    if (narrowed.spec.target) context_.release(narrowed.spec.target);
  narrowed_.clear();
  wide_.clear();
  has_narrow_ = false;
}

void Call::reset() {
  finish();
  inputs_.clear();
  outputs_.clear();
  params_.clear();
  used_numbers_ = 0;
  device_ = nullptr;
}

}  // namespace flambeau
