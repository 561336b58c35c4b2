#include "recurrent_plan.h"

namespace flambeau {

namespace {

int64_t gates_of(Cell cell) { return cell == Cell::kLstm ? 4 : cell == Cell::kGru ? 3 : 1; }

}  // namespace

RecurrentPlan::RecurrentPlan(int64_t kind, bool reverse, bool batch_first, const Strided& x,
                             const Strided& h0, const Strided& hidden_weight,
                             const std::vector<int64_t>* counts)
    : reverse(reverse), packed(counts != nullptr) {
  require_internal(kind >= 0 && kind <= 3, "there is no such recurrent cell");
  cell = static_cast<Cell>(kind);
  gates = gates_of(cell);
  require_internal(h0.ndim() == 2 && hidden_weight.ndim() == 2, "states and weights have two axes");
  batch = h0.size(0);
  state = h0.size(1);
  require_internal(hidden_weight.size(1) == state && hidden_weight.size(0) % gates == 0,
                   "the hidden weights do not fit the state");
  hidden = hidden_weight.size(0) / gates;
  const bool one_step = !packed && x.ndim() == 2;
  require_internal(x.ndim() == (packed || one_step ? 2 : 3), "the input has other axes");
  inputs = x.size(x.ndim() - 1);
  if (one_step) {
    steps = batch_stride = 1;
    require_internal(x.size(0) == batch, "the input has another batch");
    rows = step_stride = batch;
    return;
  }
  if (!packed) {
    steps = x.size(batch_first ? 1 : 0);
    require_internal(x.size(batch_first ? 0 : 1) == batch, "the input has another batch");
    rows = steps * batch;
    step_stride = batch_first ? 1 : batch;
    batch_stride = batch_first ? steps : 1;
    return;
  }
  counts_ = *counts;
  steps = static_cast<int64_t>(counts_.size());
  batch_stride = 1;
  starts_.reserve(counts_.size());
  int64_t most = batch;
  for (const int64_t count : counts_) {
    if (count < 1 || count > most || (starts_.empty() && count != batch)) {
      throw Failure("ERR_VALUE",
                    "the batch sizes of packed sequences start with the batch and never rise");
    }
    starts_.push_back(rows);
    rows += count;
    most = count;
  }
  if (x.size(0) != rows)
    throw Failure("ERR_VALUE", "the batch sizes of packed sequences do not add up to their rows");
}

}  // namespace flambeau
