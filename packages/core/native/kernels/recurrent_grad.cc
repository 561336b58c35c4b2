// The gradient of a recurrent layer: back through the steps, then one product for each weight and
// one for the input.
#include "gemm.h"
#include "recurrent_layer.h"

namespace flambeau {

namespace {

template <class T>
class Backward {
 public:
  Backward(Call& call, const Tensor& x)
      : input_(x),
        plan_(recurrent_plan(call, x, call.in(4), call.in(7), 12)),
        table_(recurrent_functions<T>()) {
    const int64_t batch = plan_.batch, hidden = plan_.hidden, state = plan_.state;
    const int64_t columns = plan_.columns(), rows = plan_.rows;
    Shape y_shape = x.shape;
    y_shape.sizes[y_shape.ndim - 1] = state;
    dy_ = recurrent_input<T>(call, 0, y_shape, keep_[0]);
    dh_last_ = recurrent_input<T>(call, 1, {batch, state}, keep_[1]);
    dc_last_ = recurrent_input<T>(call, 2, {batch, hidden}, keep_[2]);
    h0_ = recurrent_input<T>(call, 4, {batch, state}, keep_[4]);
    c0_ = recurrent_input<T>(call, 5, {batch, hidden}, keep_[5]);
    w_ih_ = recurrent_input<T>(call, 6, {columns, plan_.inputs}, keep_[6]);
    w_hh_ = recurrent_input<T>(call, 7, {columns, state}, keep_[7]);
    w_hr_ = recurrent_input<T>(call, 8, {state, hidden}, keep_[8]);
    y_ = recurrent_input<T>(call, 9, y_shape, keep_[9]);
    gates_ = recurrent_input<T>(call, 10, {rows, columns}, keep_[10]);
    saved_ = recurrent_input<T>(call, 11, {rows, hidden}, keep_[11]);
    require_internal(h0_ && w_ih_ && w_hh_ && y_, "a recurrent layer has a state and weights");
    require_internal(simple() || (gates_ && saved_), "a recurrent layer has gates");
    require_internal(!lstm() || c0_, "an LSTM has a state of its cell");
    require_internal(w_hr_ ? lstm() : state == hidden, "the state has another size");
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
    const Scratch<T> dh(batch * state), dc(lstm() ? batch * hidden : 0);
    take(dh_last_, batch * state, dh.data());
    if (lstm()) take(dc_last_, batch * hidden, dc.data());
    dgates_.emplace(plan_.rows * width_);
    if (w_hr_) {
      dstate_.emplace(plan_.rows * state);
      raw_.emplace(plan_.rows * hidden);
    }
    if (plan_.rows > 0 && hidden > 0) through_steps(dh.data(), lstm() ? dc.data() : nullptr);
    if (dh0_) std::copy_n(dh.data(), batch * state, dh0_);
    if (dc0_) std::copy_n(dc.data(), batch * hidden, dc0_);
    input_gradient();
    weight_gradients();
    bias_gradients();
  }

 private:
  bool lstm() const { return plan_.cell == Cell::kLstm; }
  bool gru() const { return plan_.cell == Cell::kGru; }
  bool simple() const { return !lstm() && !gru(); }
  // The gradients of the products with the state, in rows width_ apart.
  T* past_of(int64_t t) const { return dgates_->data() + plan_.start(t) * width_ + past_; }

  static void take(const T* from, int64_t count, T* to) {
    if (from) {
      std::copy_n(from, count, to);
    } else {
      std::fill_n(to, count, T{});
    }
  }

  void through_steps(T* dh, T* dc) const {
    const int64_t hidden = plan_.hidden, state = plan_.state, depth = plan_.columns();
    std::optional<PackedColumns<T>> weights, projection;
    if (plan_.steps >= kPackedSteps) {
      weights.emplace(state, depth, w_hh_, state, 1);
      if (w_hr_) projection.emplace(hidden, state, w_hr_, hidden, 1);
    }
    const Scratch<T> raw(w_hr_ ? plan_.batch * hidden : 0);
    int64_t pending = -1;  // the step whose gates have yet to reach dh
    for (int64_t i = plan_.steps - 1; i >= -1; --i) {
      const int64_t t = i < 0 ? -1 : plan_.step(i);
      const int64_t before = i < 1 ? -1 : plan_.step(i - 1);
      const bool joint = weights && !w_hr_;  // product and gates of the same units in one go
      if (pending >= 0 && !joint) {
        const int64_t rows = plan_.count(pending);
        if (weights) {
          parallel_for(weights->panels(), weights->grain(rows), [&](int64_t begin, int64_t end) {
            weights->multiply(rows, past_of(pending), width_, true, dh, state, begin, end);
          });
        } else {
          gemm<T>(false, false, rows, state, depth, 1, past_of(pending), width_, w_hh_, state, true,
                  dh, state);
        }
      }
      if (t >= 0 && w_hr_) project(t, projection ? &*projection : nullptr, dh, raw.data());
      T* const dh_of = w_hr_ ? raw.data() : dh;
      if (joint) {
        const int64_t rows = pending >= 0 ? plan_.count(pending) : 0;
        const int64_t width = weights->width();
        parallel_for(weights->panels(), weights->grain(rows), [&](int64_t begin, int64_t end) {
          if (pending >= 0)
            weights->multiply(rows, past_of(pending), width_, true, dh, state, begin, end);
          if (t >= 0) gates(t, before, dh_of, dc, begin * width, std::min(end * width, hidden));
        });
      } else if (t >= 0) {
        parallel_for(hidden, panel_grain(plan_.count(t), 32, 1),
                     [&](int64_t begin, int64_t end) { gates(t, before, dh_of, dc, begin, end); });
      }
      pending = t;
    }
  }

  // raw = the gradient of what was projected, of step t; dh goes on without it.
  void project(int64_t t, const PackedColumns<T>* projection, T* dh, T* raw) const {
    const int64_t hidden = plan_.hidden, state = plan_.state, rows = plan_.count(t);
    T* const total = dstate_->data() + plan_.start(t) * state;
    for (int64_t n = 0; n < rows; ++n) {
      const T* dy = dy_ ? dy_ + (plan_.place(t) + n * plan_.batch_stride) * state : nullptr;
      for (int64_t j = 0; j < state; ++j)
        total[n * state + j] = dh[n * state + j] + (dy ? dy[j] : T{});
    }
    std::fill_n(dh, rows * state, T{});
    if (!projection) {
      gemm<T>(false, false, rows, hidden, state, 1, total, state, w_hr_, hidden, false, raw,
              hidden);
      return;
    }
    parallel_for(projection->panels(), projection->grain(rows), [&](int64_t begin, int64_t end) {
      projection->multiply(rows, total, state, false, raw, hidden, begin, end);
    });
  }

  // The gates of units [begin, end) of step t, whose states come from the step `before` (-1: the
  // first ones), as far as that has the rows.
  void gates(int64_t t, int64_t before, T* dh, T* dc, int64_t begin, int64_t end) const {
    const int64_t rows = plan_.count(t);
    const int64_t inner = before < 0 ? 0 : std::min(rows, plan_.count(before));
    if (simple()) {
      const int64_t stride = plan_.batch_stride * plan_.hidden;
      return gates_of(t, 0, rows, y_ + plan_.place(t) * plan_.hidden, stride, dh, dc, begin, end);
    }
    const int64_t hidden = plan_.hidden;
    if (inner > 0) {
      const T* from =
          lstm() ? saved_ + plan_.start(before) * hidden : y_ + plan_.place(before) * hidden;
      const int64_t stride = lstm() ? hidden : plan_.batch_stride * hidden;
      gates_of(t, 0, inner, from, stride, dh, dc, begin, end);
    }
    if (inner < rows) {
      const T* from = (lstm() ? c0_ : h0_) + inner * hidden;
      gates_of(t, inner, rows - inner, from, hidden, dh, dc, begin, end);
    }
  }

  void gates_of(int64_t t, int64_t first, int64_t rows, const T* before, int64_t before_row, T* dh,
                T* dc, int64_t begin, int64_t end) const {
    const int64_t hidden = plan_.hidden, at = plan_.start(t) + first;
    RecurrentBack<T> s;
    s.rows = rows;
    s.hidden = hidden;
    if (dy_ && !w_hr_) s.dy = dy_ + (plan_.place(t) + first * plan_.batch_stride) * hidden;
    s.dy_row = plan_.batch_stride * hidden;
    s.dh = dh + first * hidden;
    if (dc) s.dc = dc + first * hidden;
    if (gates_) s.gates = gates_ + at * plan_.columns();
    if (saved_) s.saved = saved_ + at * hidden;
    s.before = before;
    s.before_row = before_row;
    s.dgates = dgates_->data() + at * width_;
    if (raw_) s.raw = raw_->data() + at * hidden;
    switch (plan_.cell) {
      case Cell::kLstm: return table_.lstm_back(s, begin, end);
      case Cell::kGru: return table_.gru_back(s, begin, end);
      case Cell::kTanh: return table_.tanh_back(s, begin, end);
      case Cell::kRelu: return table_.relu_back(s, begin, end);
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
    std::optional<Scratch<T>> ordered;
    if (!plan_.in_order()) ordered.emplace(rows * inputs);
    T* const to = ordered ? ordered->data() : dx_;
    for_own_gates([&](int64_t gate, int64_t gates, int64_t column) {
      gemm<T>(false, false, rows, inputs, gates * plan_.hidden, 1, dgates_->data() + column, width_,
              w_ih_ + gate * plan_.hidden * inputs, inputs, gate > 0, to, inputs);
    });
    if (ordered) scatter_rows(plan_, inputs, to, dx_);
  }

  // to [m, n] = a [rows, m] transposed · b [rows, n]
  void weight_gradient(int64_t m, int64_t n, const T* a, int64_t a_row, const T* b, T* to) const {
    gemm<T>(true, false, m, n, plan_.rows, 1, a, a_row, b, n, false, to, n);
  }

  void weight_gradients() const {
    const int64_t hidden = plan_.hidden, state = plan_.state, inputs = plan_.inputs;
    if (dw_ih_) {
      const T* x = input_.as<T>();
      std::optional<Scratch<T>> ordered;
      if (!plan_.in_order()) {
        ordered.emplace(plan_.rows * inputs);
        gather_rows(plan_, inputs, x, ordered->data());
        x = ordered->data();
      }
      for_own_gates([&](int64_t gate, int64_t gates, int64_t column) {
        weight_gradient(gates * hidden, inputs, dgates_->data() + column, width_, x,
                        dw_ih_ + gate * hidden * inputs);
      });
    }
    if (dw_hh_) {
      const Scratch<T> states(plan_.rows * state);
      gather_states(states.data());
      weight_gradient(plan_.columns(), state, dgates_->data() + past_, width_, states.data(),
                      dw_hh_);
    }
    if (dw_hr_) {
      require_internal(w_hr_ != nullptr, "there is no projection");
      weight_gradient(state, hidden, dstate_->data(), state, raw_->data(), dw_hr_);
    }
  }

  // The state before each row's step.
  void gather_states(T* to) const {
    const int64_t state = plan_.state;
    for (int64_t i = 0; i < plan_.steps; ++i) {
      const int64_t t = plan_.step(i), rows = plan_.count(t);
      const int64_t before = i == 0 ? -1 : plan_.step(i - 1);
      const int64_t inner = before < 0 ? 0 : std::min(rows, plan_.count(before));
      T* const out = to + plan_.start(t) * state;
      for (int64_t n = 0; n < inner; ++n)
        std::copy_n(y_ + (plan_.place(before) + n * plan_.batch_stride) * state, state,
                    out + n * state);
      std::copy_n(h0_ + inner * state, (rows - inner) * state, out + inner * state);
    }
  }

  void bias_gradients() const {
    const int64_t columns = plan_.columns();
    const auto sums = [&](int64_t count, int64_t column, T* to) {
      parallel_for(count, panel_grain(plan_.rows, 1, 1), [&](int64_t begin, int64_t end) {
        table_.column_sums(plan_.rows, dgates_->data() + column, width_, begin, end, to);
      });
    };
    if (db_hh_) sums(columns, past_, db_hh_);
    if (!db_ih_) return;
    if (db_hh_ && !gru()) {
      std::copy_n(db_hh_, columns, db_ih_);
      return;
    }
    for_own_gates([&](int64_t gate, int64_t gates, int64_t column) {
      sums(gates * plan_.hidden, column, db_ih_ + gate * plan_.hidden);
    });
  }

  const Tensor& input_;
  Tensor keep_[12];
  const RecurrentPlan plan_;
  const RecurrentFunctions<T>& table_;
  const T *dy_ = nullptr, *dh_last_ = nullptr, *dc_last_ = nullptr;
  const T *h0_ = nullptr, *c0_ = nullptr, *w_ih_ = nullptr, *w_hh_ = nullptr, *w_hr_ = nullptr;
  const T *y_ = nullptr, *gates_ = nullptr, *saved_ = nullptr;
  T *dx_ = nullptr, *dh0_ = nullptr, *dc0_ = nullptr, *dw_ih_ = nullptr, *dw_hh_ = nullptr;
  T *db_ih_ = nullptr, *db_hh_ = nullptr, *dw_hr_ = nullptr;
  int64_t width_ = 0;  // of a row of dgates_
  int64_t past_ = 0;   // the column of dgates_ where what belongs to w_hh begins
  std::optional<Scratch<T>> dgates_, dstate_, raw_;
};

}  // namespace

// The gradient of `recurrent`. Inputs: dy, d last h, d last c (each may be left out: zeros), then
// x, h0, c0, w_ih, w_hh, w_hr, y, gates and what was saved beside them (both left out for simple
// networks), counts of the steps. Parameters as there. Outputs, those that are not wanted without
// elements: dx, dh0, dc0, dw_ih, dw_hh, db_ih, db_hh, dw_hr.
FLAMBEAU_KERNEL(recurrentGrad) {
  const Tensor x = call.contiguous(call.in(3));
  with_recurrent_type(x.dtype, [&](auto zero) { Backward<decltype(zero)>(call, x).run(); });
}

}  // namespace flambeau
