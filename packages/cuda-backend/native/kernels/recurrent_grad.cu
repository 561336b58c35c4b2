// The gradient of a recurrent layer: back through the steps, then one product for each weight and
// one for the input.
#include "call_checks.h"
#include "recurrent_back.h"
#include "reduce.h"

namespace flambeau::cuda {

namespace {

template <class T>
class Backward {
  using S = Computed<T>;

 public:
  Backward(Call& call, const Tensor& x)
      : call_(call), input_(x), plan_(recurrent_plan(call, x, call.in(4), call.in(7))) {
    const int64_t batch = plan_.batch, hidden = plan_.hidden, state = plan_.state;
    const int64_t columns = plan_.columns(), rows = plan_.rows;
    Shape y_shape = x.shape;
    y_shape.sizes[y_shape.ndim - 1] = state;
    dy_ = recurrent_input<T>(call, 0, y_shape);
    dh_last_ = recurrent_input<T>(call, 1, {batch, state});
    dc_last_ = recurrent_input<T>(call, 2, {batch, hidden});
    h0_ = recurrent_input<T>(call, 4, {batch, state});
    c0_ = recurrent_input<T>(call, 5, {batch, hidden});
    w_ih_ = recurrent_input<T>(call, 6, {columns, plan_.inputs});
    w_hh_ = recurrent_input<T>(call, 7, {columns, state});
    w_hr_ = recurrent_input<T>(call, 8, {state, hidden});
    projects_ = call.has(8);
    y_ = recurrent_input<T>(call, 9, y_shape);
    gates_ = recurrent_input<T>(call, 10, {rows, columns});
    saved_ = recurrent_input<T>(call, 11, {rows, hidden});
    require_internal(call.has(4) && call.has(6) && call.has(7) && call.has(9),
                     "a recurrent layer has a state and weights");
    require_internal(simple() || (call.has(10) && call.has(11)), "a recurrent layer has gates");
    require_internal(!lstm() || call.has(5), "an LSTM has a state of its cell");
    require_internal(projects_ ? lstm() : state == hidden, "the state has another size");
    dx_ = recurrent_output<T>(call, 0, rows * plan_.inputs);
    dh0_ = recurrent_output<T>(call, 1, batch * state);
    dc0_ = recurrent_output<T>(call, 2, batch * hidden);
    dw_ih_ = recurrent_output<T>(call, 3, columns * plan_.inputs);
    dw_hh_ = recurrent_output<T>(call, 4, columns * state);
    db_ih_ = recurrent_output<T>(call, 5, columns);
    db_hh_ = recurrent_output<T>(call, 6, columns);
    dw_hr_ = recurrent_output<T>(call, 7, state * hidden);
    width_ = gru() ? 4 * hidden : columns;
    past_ = gru() ? hidden : 0;
  }

  void run() {
    const int64_t batch = plan_.batch, hidden = plan_.hidden, state = plan_.state;
    S* const dh = started(dh_last_, batch * state);
    S* const dc = lstm() ? started(dc_last_, batch * hidden) : nullptr;
    dgates_ = call_.scratch_of<T>(std::max<int64_t>(plan_.rows * width_, 1));
    if (projects_) {
      dstate_ = call_.scratch_of<T>(std::max<int64_t>(plan_.rows * state, 1));
      raw_ = call_.scratch_of<T>(std::max<int64_t>(plan_.rows * hidden, 1));
    }
    if (plan_.rows > 0 && hidden > 0) through_steps(dh, dc);
    if (dh0_) convert_elements(call_, dh, batch * state, dh0_);
    if (dc0_) convert_elements(call_, dc, batch * hidden, dc0_);
    input_gradient();
    weight_gradients();
    bias_gradients();
  }

 private:
  bool lstm() const { return plan_.cell == Cell::kLstm; }
  bool gru() const { return plan_.cell == Cell::kGru; }
  bool simple() const { return !lstm() && !gru(); }
  // The gradients of the products with the state, in rows width_ apart.
  T* past_of(int64_t t) const { return dgates_ + plan_.start(t) * width_ + past_; }

  S* started(const T* from, int64_t count) const {
    S* const to = call_.scratch_of<S>(std::max<int64_t>(count, 1));
    if (from) {
      convert_elements(call_, from, count, to);
    } else {
      clear_elements(call_, to, count);
    }
    return to;
  }

  void through_steps(S* dh, S* dc) const {
    const int64_t hidden = plan_.hidden, state = plan_.state;
    S* const raw = projects_ ? call_.scratch_of<S>(plan_.batch * hidden) : nullptr;
    for (int64_t i = plan_.steps - 1; i >= 0; --i) {
      const int64_t t = plan_.step(i), before = i == 0 ? -1 : plan_.step(i - 1);
      const int64_t rows = plan_.count(t);
      if (projects_) project(t, dh, raw);
      gates(t, before, projects_ ? raw : dh, dc);
      product_of<T>(call_, rows, state, plan_.columns(), plain(past_of(t), width_),
                    plain(w_hh_, state), dh, state, true);
    }
  }

  // raw = the gradient of what was projected, of step t; dh goes on without it.
  void project(int64_t t, S* dh, S* raw) const {
    const int64_t hidden = plan_.hidden, state = plan_.state, rows = plan_.count(t);
    T* const total = dstate_ + plan_.start(t) * state;
    const T* dy = dy_ ? dy_ + plan_.place(t) * state : nullptr;
    launch(take_kernel<T>, dim3(grid_for(rows * state, 1, call_.properties(), kRecurrentThreads)),
           dim3(kRecurrentThreads), 0, call_.stream(), rows, state, dh, dy,
           plan_.batch_stride * state, total);
    product_of<T>(call_, rows, hidden, state, plain(total, state), plain(w_hr_, hidden), raw,
                  hidden, false);
  }

  // The gates of step t, whose states come from the step `before` (-1: the first ones), as far as
  // that has the rows.
  void gates(int64_t t, int64_t before, S* dh, S* dc) const {
    const int64_t hidden = plan_.hidden, rows = plan_.count(t), at = plan_.start(t);
    Back<T> s = {};
    s.rows = rows;
    s.hidden = hidden;
    if (dy_ && !projects_) s.dy = dy_ + plan_.place(t) * hidden;
    s.dy_row = plan_.batch_stride * hidden;
    s.dh = dh;
    s.dc = dc;
    s.gates = gates_ + at * plan_.columns();
    s.saved = saved_ + at * hidden;
    s.inner = before < 0 ? 0 : std::min(rows, plan_.count(before));
    s.before_row = plan_.batch_stride * hidden;
    if (simple()) {
      s.inner = rows;
      s.before = y_ + plan_.place(t) * hidden;
    } else if (lstm()) {
      s.first = c0_;
      s.before_row = hidden;
      if (before >= 0) s.before = saved_ + plan_.start(before) * hidden;
    } else {
      s.first = h0_;
      if (before >= 0) s.before = y_ + plan_.place(before) * hidden;
    }
    s.dgates = dgates_ + at * width_;
    if (projects_) s.raw = raw_ + at * hidden;
    const dim3 grid(grid_for(rows * hidden, 1, call_.properties(), kRecurrentThreads)),
        block(kRecurrentThreads);
    const auto run = [&](auto kernel) { launch(kernel, grid, block, 0, call_.stream(), s); };
    switch (plan_.cell) {
      case Cell::kLstm: return run(back_kernel<T, Cell::kLstm>);
      case Cell::kGru: return run(back_kernel<T, Cell::kGru>);
      case Cell::kTanh: return run(back_kernel<T, Cell::kTanh>);
      case Cell::kRelu: return run(back_kernel<T, Cell::kRelu>);
    }
  }

  // Calls body(first gate, gates, column of dgates): which columns belong to rows of w_ih.
  template <class Body>
  void for_own_gates(Body&& body) const {
    if (!gru()) return body(int64_t{0}, plan_.gates, int64_t{0});
    body(int64_t{0}, int64_t{2}, plan_.hidden);
    body(int64_t{2}, int64_t{1}, int64_t{0});
  }

  void input_gradient() const {
    if (!dx_) return;
    const int64_t inputs = plan_.inputs, rows = plan_.rows;
    Tensor ordered;
    if (!plan_.in_order())
      ordered = call_.temporary({plan_.steps, plan_.batch, inputs}, dtype_of<T>);
    T* const to = plan_.in_order() ? dx_ : ordered.as<T>();
    for_own_gates([&](int64_t gate, int64_t gates, int64_t column) {
      product_of<T>(call_, rows, inputs, gates * plan_.hidden, plain(dgates_ + column, width_),
                    plain(w_ih_ + gate * plan_.hidden * inputs, inputs), to, inputs, gate > 0);
    });
    if (!plan_.in_order()) copy_into(call_, by_steps(plan_, dx_, dtype_of<T>, inputs), ordered);
  }

  // to [m, n] = a [rows, m] transposed · b [rows, n]
  void weight_gradient(int64_t m, int64_t n, const T* a, int64_t a_row, const T* b, T* to) const {
    product_of<T>(call_, m, n, plan_.rows, transposed(a, a_row), plain(b, n), to, n, false);
  }

  void weight_gradients() const {
    const int64_t hidden = plan_.hidden, state = plan_.state, inputs = plan_.inputs;
    if (dw_ih_) {
      const T* x = input_.as<T>();
      if (!plan_.in_order())
        x = call_.contiguous(by_steps(plan_, input_.data, input_.dtype, inputs)).template as<T>();
      for_own_gates([&](int64_t gate, int64_t gates, int64_t column) {
        weight_gradient(gates * hidden, inputs, dgates_ + column, width_, x,
                        dw_ih_ + gate * hidden * inputs);
      });
    }
    if (dw_hh_)
      weight_gradient(plan_.columns(), state, dgates_ + past_, width_, states_before(), dw_hh_);
    if (dw_hr_) {
      require_internal(projects_, "there is no projection");
      weight_gradient(state, hidden, dstate_, state, raw_, dw_hr_);
    }
  }

  // The state before each row's step [rows, state].
  const T* states_before() const {
    const int64_t state = plan_.state, steps = plan_.steps;
    const Tensor all = call_.temporary({std::max<int64_t>(plan_.rows, 1), state}, dtype_of<T>);
    T* const to = all.as<T>();
    if (!plan_.packed) {
      // All but the first step to be done have what the step before gave.
      const int64_t first = plan_.step(0);
      copy_elements(call_, h0_, plan_.batch * state, to + first * plan_.batch * state);
      if (steps < 2) return to;
      Tensor from = by_steps(plan_, y_, dtype_of<T>, state), into = all;
      from.shape.sizes[0] = steps - 1;
      if (plan_.reverse) from.data += from.strides[0] * static_cast<int64_t>(sizeof(T));
      into.shape = from.shape;
      contiguous_strides(into.shape, into.strides);
      if (!plan_.reverse) into.data += into.strides[0] * static_cast<int64_t>(sizeof(T));
      copy_into(call_, into, from);
      return to;
    }
    for (int64_t i = 0; i < steps; ++i) {
      const int64_t t = plan_.step(i), rows = plan_.count(t);
      const int64_t before = i == 0 ? -1 : plan_.step(i - 1);
      const int64_t inner = before < 0 ? 0 : std::min(rows, plan_.count(before));
      T* const out = to + plan_.start(t) * state;
      if (inner > 0) copy_elements(call_, y_ + plan_.place(before) * state, inner * state, out);
      copy_elements(call_, h0_ + inner * state, (rows - inner) * state, out + inner * state);
    }
    return to;
  }

  void bias_gradients() const {
    if (!db_hh_ && !db_ih_) return;
    const int64_t columns = plan_.columns(), hidden = plan_.hidden;
    const Tensor sums = call_.temporary({std::max<int64_t>(width_, 1)}, dtype_of<T>);
    T* const sum = sums.as<T>();
    if (plan_.rows > 0) {
      Tensor all = sums;
      all.data = reinterpret_cast<char*>(dgates_);
      all.shape = {plan_.rows, width_};
      contiguous_strides(all.shape, all.strides);
      sum_columns(call_, all, sums);
    } else {
      clear_elements(call_, sum, width_);
    }
    const T* from = sum;
    if (db_hh_) copy_elements(call_, from + past_, columns, db_hh_);
    if (!db_ih_) return;
    for_own_gates([&](int64_t gate, int64_t gates, int64_t column) {
      copy_elements(call_, from + column, gates * hidden, db_ih_ + gate * hidden);
    });
  }

  Call& call_;
  const Tensor& input_;
  const RecurrentPlan plan_;
  const T *dy_ = nullptr, *dh_last_ = nullptr, *dc_last_ = nullptr;
  const T *h0_ = nullptr, *c0_ = nullptr, *w_ih_ = nullptr, *w_hh_ = nullptr, *w_hr_ = nullptr;
  const T *y_ = nullptr, *gates_ = nullptr, *saved_ = nullptr;
  bool projects_ = false;
  T *dx_ = nullptr, *dh0_ = nullptr, *dc0_ = nullptr, *dw_ih_ = nullptr, *dw_hh_ = nullptr;
  T *db_ih_ = nullptr, *db_hh_ = nullptr, *dw_hr_ = nullptr;
  int64_t width_ = 0;  // of a row of dgates_
  int64_t past_ = 0;   // the column of dgates_ where what belongs to w_hh begins
  T *dgates_ = nullptr, *dstate_ = nullptr, *raw_ = nullptr;
};

}  // namespace

// The gradient of `recurrent`. Inputs: dy, d last h, d last c (each may be left out: zeros), then
// x, h0, c0, w_ih, w_hh, w_hr, y, gates and what was saved beside them (both left out for simple
// networks). Parameters as there. Outputs, those that are not wanted without
// elements: dx, dh0, dc0, dw_ih, dw_hh, db_ih, db_hh, dw_hr.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(recurrentGrad, all_of_16bit_type(call)) {
  const Tensor x = call.contiguous(call.in(3));
  with_layer_type(x.dtype, [&](auto zero) { Backward<decltype(zero)>(call, x).run(); });
}

}  // namespace flambeau::cuda
