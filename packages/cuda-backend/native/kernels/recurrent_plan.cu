#include "recurrent_layer.h"

namespace flambeau::cuda {

namespace {

// Parameters before the counts of the steps.
constexpr int kNumbers = 3;

int64_t gates_of(Cell cell) { return cell == Cell::kLstm ? 4 : cell == Cell::kGru ? 3 : 1; }

}  // namespace

RecurrentPlan::RecurrentPlan(const Call& call, const Tensor& x, const Tensor& h0,
                             const Tensor& hidden_weight) {
  const int64_t kind = call.integer(0);
  require_recurrent(kind >= 0 && kind <= 3, "there is no such recurrent cell");
  cell = static_cast<Cell>(kind);
  gates = gates_of(cell);
  reverse = call.flag(1);
  packed = call.num_params() > kNumbers;
  require_recurrent(h0.ndim() == 2 && hidden_weight.ndim() == 2,
                    "states and weights have two axes");
  batch = h0.size(0);
  state = h0.size(1);
  require_recurrent(hidden_weight.size(1) == state && hidden_weight.size(0) % gates == 0,
                    "the hidden weights do not fit the state");
  hidden = hidden_weight.size(0) / gates;
  const bool one_step = !packed && x.ndim() == 2;
  require_recurrent(x.ndim() == (packed || one_step ? 2 : 3), "the input has other axes");
  inputs = x.size(x.ndim() - 1);
  if (one_step) {
    steps = batch_stride = 1;
    require_recurrent(x.size(0) == batch, "the input has another batch");
    rows = step_stride = batch;
    return;
  }
  if (!packed) {
    const bool batch_first = call.flag(2);
    steps = x.size(batch_first ? 1 : 0);
    require_recurrent(x.size(batch_first ? 0 : 1) == batch, "the input has another batch");
    rows = steps * batch;
    step_stride = batch_first ? 1 : batch;
    batch_stride = batch_first ? steps : 1;
    return;
  }
  steps = call.num_params() - kNumbers;
  batch_stride = 1;
  for (int i = kNumbers; i < call.num_params(); ++i) {
    const int64_t count = call.integer(i);
    const int64_t most = counts_.empty() ? batch : counts_.back();
    if (count < 1 || count > most || (counts_.empty() && count != batch)) {
      throw Failure("ERR_VALUE",
                    "the batch sizes of packed sequences start with the batch and never rise");
    }
    counts_.push_back(count);
    starts_.push_back(rows);
    rows += count;
  }
  if (x.size(0) != rows)
    throw Failure("ERR_VALUE", "the batch sizes of packed sequences do not add up to their rows");
}

}  // namespace flambeau::cuda
