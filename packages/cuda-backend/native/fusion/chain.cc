#include "chain.h"

#include <algorithm>
#include <utility>

#include "geometry.h"

namespace flambeau::cuda::fusion {

namespace {

bool meet(const Extent& a, const Extent& b) { return a.first < b.last && b.first < a.last; }

// Is what place i reads what place i of the step writes? (Also of one type: compilers may exchange
// accesses by different ones.)
bool is_same_place(const Operand& operand, const Step& step) {
  return operand.data == step.out && operand.dtype == step.out_type && operand.walk.is_flat();
}

bool is_same_load(const Operand& a, const Operand& b) {
  return a.data == b.data && a.dtype == b.dtype && a.walk == b.walk;
}

}  // namespace

Walk::Walk(const Strided& out, const Strided& operand) {
  const Axes axes(out.shape, std::array<const Strided*, 2>{&out, &operand});
  ndim = axes.ndim;
  std::copy(axes.sizes, axes.sizes + ndim, sizes);
  std::copy(axes.strides[1], axes.strides[1] + ndim, strides);
}

bool Walk::operator==(const Walk& other) const {
  return ndim == other.ndim && std::equal(sizes, sizes + ndim, other.sizes) &&
         std::equal(strides, strides + ndim, other.strides);
}

Operand Operand::number(DType dtype, uint64_t bits) {
  Operand operand;
  operand.dtype = dtype;
  operand.bits = bits;
  return operand;
}

Operand Operand::memory(const Strided& out, const Strided& from) {
  Operand operand;
  operand.dtype = from.dtype;
  operand.data = from.data;
  operand.extent = extent_of(from);
  operand.walk = Walk(out, from);
  return operand;
}

int Chain::origin(const Operand& operand) const {
  if (operand.is_number()) return kMemory;
  for (int i = size() - 1; i >= 0; --i) {
    const Held& held = held_[static_cast<size_t>(i)];
    if (held.is_dead || !meet(operand.extent, held.step.extent())) continue;
    // Outputs that meet are at the same place, so this is the last one there.
    return is_same_place(operand, held.step) ? i : kClash;
  }
  return kMemory;
}

std::vector<const Operand*> Chain::loads() const {
  std::vector<const Operand*> all;
  for (const Held& held : held_) {
    for (int k = 0; k < held.step.count; ++k) {
      const Operand& operand = held.step.inputs[k];
      if (operand.is_number() || held.from[k] >= 0) continue;
      const auto is_same = [&](const Operand* other) { return is_same_load(operand, *other); };
      if (std::none_of(all.begin(), all.end(), is_same)) all.push_back(&operand);
    }
  }
  return all;
}

bool Chain::meets(const Step& step) const {
  const Extent extent = step.extent();
  for (const Held& held : held_) {
    for (int k = 0; k < held.step.count; ++k)
      if (held.from[k] < 0 && !held.step.inputs[k].is_number() &&
          meet(extent, held.step.inputs[k].extent))
        return true;
    if (held.is_dead) continue;
    if (meet(extent, held.step.extent())) return true;
    for (int k = 0; k < step.count; ++k)
      if (!step.inputs[k].is_number() && meet(step.inputs[k].extent, held.step.extent()))
        return true;
  }
  return false;
}

bool Chain::takes(const Step& step) const {
  if (empty()) return true;
  if (size() >= kMostSteps || step.numel != held_.front().step.numel) return false;
  const std::vector<const Operand*> before = loads();
  int more = 0;
  for (int k = 0; k < step.count; ++k) {
    const Operand& operand = step.inputs[k];
    const int from = origin(operand);
    if (from == kClash) return false;
    if (from != kMemory || operand.is_number()) continue;
    const auto is_same = [&](const Operand* load) { return is_same_load(operand, *load); };
    if (std::none_of(before.begin(), before.end(), is_same)) ++more;
  }
  if (static_cast<int>(before.size()) + more > kMostLoads) return false;
  const Extent extent = step.extent();
  for (const Operand* load : before)
    if (meet(extent, load->extent) && !is_same_place(*load, step)) return false;
  for (const Held& held : held_) {
    if (held.is_dead || !meet(extent, held.step.extent())) continue;
    if (held.step.out != step.out ||
        element_size(held.step.out_type) != element_size(step.out_type))
      return false;
  }
  return true;
}

void Chain::add(Step step) {
  Held held;
  for (int k = 0; k < step.count; ++k) held.from[k] = origin(step.inputs[k]);
  held.step = std::move(step);
  held_.push_back(std::move(held));
}

void Chain::forget(const void* data) {
  for (Held& held : held_)
    if (held.step.out == data) held.is_dead = true;
}

Plan Chain::plan() const {
  Plan plan;
  if (empty()) return plan;
  plan.numel = held_.front().step.numel;
  const size_t count = held_.size();
  std::vector<bool> is_stored(count, false), is_needed(count, false);
  for (size_t i = count; i-- > 0;) {
    const Held& held = held_[i];
    bool is_last = !held.is_dead;
    for (size_t j = i + 1; j < count && is_last; ++j)
      is_last = held_[j].is_dead || held_[j].step.out != held.step.out;
    is_stored[i] = is_last;
    if (is_last) is_needed[i] = true;
    if (!is_needed[i]) continue;
    for (int k = 0; k < held.step.count; ++k)
      if (held.from[k] >= 0) is_needed[static_cast<size_t>(held.from[k])] = true;
  }
  std::vector<int> place(count, -1);
  const auto load_of = [&](const Operand& operand) {
    const auto at = std::find_if(plan.loads.begin(), plan.loads.end(), [&](const Operand& other) {
      return is_same_load(operand, other);
    });
    if (at != plan.loads.end()) return static_cast<int>(at - plan.loads.begin());
    plan.loads.push_back(operand);
    return static_cast<int>(plan.loads.size()) - 1;
  };
  for (size_t i = 0; i < count; ++i) {
    if (!is_needed[i]) continue;
    const Held& held = held_[i];
    Plan::PlannedStep planned = {&held.step, {}, 0};
    for (int k = 0; k < held.step.count; ++k) {
      const Operand& operand = held.step.inputs[k];
      if (operand.is_number()) {
        planned.inputs[k] = {From::kNumber, static_cast<int>(plan.numbers.size())};
        plan.numbers.push_back(operand.bits);
      } else if (held.from[k] >= 0) {
        planned.inputs[k] = {From::kStep, place[static_cast<size_t>(held.from[k])]};
      } else {
        planned.inputs[k] = {From::kMemory, load_of(operand)};
      }
    }
    planned.numbers = static_cast<int>(plan.numbers.size());
    plan.numbers.insert(plan.numbers.end(), held.step.numbers,
                        held.step.numbers + held.step.formula.numbers);
    place[i] = static_cast<int>(plan.steps.size());
    plan.steps.push_back(planned);
    if (is_stored[i]) plan.stores.push_back({place[i], held.step.out, held.step.out_type});
  }
  return plan;
}

}  // namespace flambeau::cuda::fusion
