#include "recurrent_layer.h"

namespace flambeau::cuda {

namespace {

int64_t gates_of(Cell cell) { return cell == Cell::kLstm ? 4 : cell == Cell::kGru ? 3 : 1; }

// The elements of a small row-major int64 tensor, on the host.
std::vector<int64_t> fetch(Call& call, const Tensor& t) {
  cudaStreamCaptureStatus capture = cudaStreamCaptureStatusNone;
  check(cudaStreamIsCapturing(call.stream(), &capture), "cudaStreamIsCapturing");
  if (capture != cudaStreamCaptureStatusNone)
    throw Failure("ERR_DEVICE",
                  "the batch sizes of packed sequences are read by the host, which a graph cannot "
                  "do; run such a layer outside of cuda.graph");
  std::vector<int64_t> values(static_cast<size_t>(t.numel()));
  if (values.empty()) return values;
  check(cudaMemcpyAsync(values.data(), t.data, values.size() * sizeof(int64_t),
                        cudaMemcpyDeviceToHost, call.stream()),
        "cudaMemcpyAsync");
  check(cudaStreamSynchronize(call.stream()), "cudaStreamSynchronize");
  return values;
}

}  // namespace

RecurrentPlan::RecurrentPlan(Call& call, const Tensor& x, const Tensor& h0,
                             const Tensor& hidden_weight, int counts) {
  const int64_t kind = call.integer(0);
  require_recurrent(kind >= 0 && kind <= 3, "there is no such recurrent cell");
  cell = static_cast<Cell>(kind);
  gates = gates_of(cell);
  reverse = call.flag(1);
  packed = call.has(counts);
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
  const Tensor sizes = call.contiguous(call.in(counts));
  require_recurrent(sizes.dtype == DType::kInt64 && sizes.ndim() == 1, "the counts are int64 [T]");
  steps = sizes.numel();
  batch_stride = 1;
  for (int64_t count : fetch(call, sizes)) {
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
