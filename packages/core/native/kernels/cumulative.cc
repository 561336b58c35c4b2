// Running sums and products along an axis, and the linear recurrence that their gradients are.
#include "isa.h"
#include "lines.h"
#include "reduce_scan.h"
#include "streaming.h"

namespace flambeau {

FLAMBEAU_SIMD_TABLE(ScanTable, scan_table)

namespace {

// Runs `scan` over the lines of a dense x into y, which has the same strides.
class Runner {
 public:
  Runner(const Scan& scan, const Lines& lines, const Tensor& x, const Tensor& y, bool backwards)
      : scan_(scan),
        lines_(lines),
        x_(x.data),
        y_(y.data),
        item_(static_cast<int64_t>(x.item_bytes())),
        backwards_(backwards),
        streams_(y.numel() * item_ >= kStreamBytes),
        copy_(active::copy_table()) {}

  void line(int64_t offset) const {
    alignas(8) char carry[8];
    scan_.clear(carry, 1);
    const char* x = x_ + offset * item_;
    char* y = y_ + offset * item_;
    if (!streams_) return scan_.run(x, y, lines_.n, backwards_, carry);
    alignas(64) char buffer[kPiece * 8];
    for (int64_t done = 0; done < lines_.n; done += kPiece) {
      const int64_t size = std::min(kPiece, lines_.n - done);
      const int64_t at = backwards_ ? lines_.n - done - size : done;
      scan_.run(x + at * item_, buffer, size, backwards_, carry);
      copy_.stream(y + at * item_, buffer, size * item_);
    }
    copy_.fence();
  }

  void columns(int64_t offset, int64_t width) const {
    alignas(64) char carry[kScanColumns * 8];
    alignas(64) char buffer[kScanColumns * 8];
    scan_.clear(carry, width);
    for (int64_t done = 0; done < lines_.n; ++done) {
      const int64_t row = backwards_ ? lines_.n - 1 - done : done;
      const int64_t at = (offset + row * lines_.inner) * item_;
      scan_.row(x_ + at, streams_ ? buffer : y_ + at, width, carry);
      if (streams_) copy_.stream(y_ + at, buffer, width * item_);
    }
    if (streams_) copy_.fence();
  }

 private:
  static constexpr int64_t kPiece = 1024;

  const Scan& scan_;
  const Lines& lines_;
  const char* x_;
  char* y_;
  int64_t item_;
  bool backwards_;
  bool streams_;
  const CopyTable& copy_;
};

void scan_axis(Call& call, const Scan* scans) {
  const Tensor x = dense(call, call.in(0));
  const Scan& scan = scans[static_cast<int>(x.dtype)];
  if (!scan.run) throw Failure("ERR_INTERNAL", "not for bools");
  const Lines lines(x, call.integer(0));
  const Tensor& y = dense_output(call, 0, x, x.dtype);
  const Runner runner(scan, lines, x, y, call.flag(1));
  lines.for_all([&](int64_t offset, int64_t width) {
    if (lines.inner == 1) return runner.line(offset);
    runner.columns(offset, width);
  });
}

}  // namespace

// y[i] = x[0] + … + x[i] along an axis; parameters: the axis, and whether it starts at the end. The
// output has the type and the memory order of x. Floats are added in double.
FLAMBEAU_KERNEL(cumsum) { scan_axis(call, active::scan_table().sum); }

// y[i] = x[0] · … · x[i], likewise.
FLAMBEAU_KERNEL(cumprod) { scan_axis(call, active::scan_table().product); }

// Floats a and b of one shape -> y[i] = b[i] + a[i] · y[i - 1] along an axis, a[0] being unused;
// or, backwards, y[i] = b[i] + a[i + 1] · y[i + 1]. Parameters: the axis, and whether backwards.
FLAMBEAU_KERNEL(recurrence) {
  const Tensor a = call.contiguous(call.in(0));
  const Tensor b = call.contiguous(call.in(1));
  const bool backwards = call.flag(1);
  if (call.in_place(0) || !is_floating(a.dtype) || a.dtype != b.dtype ||
      call.spec(0).dtype != a.dtype || !(a.shape == b.shape) || !(call.spec(0).shape == a.shape))
    throw Failure("ERR_INTERNAL", "recurrence: two floats of one type and shape");
  const Tensor& y = call.out(0);
  const Lines lines(a, call.integer(0));
  with_type(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (std::is_floating_point_v<T>) {
      lines.for_all([&](int64_t offset, int64_t width) {
        alignas(64) double carry[kScanColumns] = {};
        for (int64_t done = 0; done < lines.n; ++done) {
          const int64_t row = backwards ? lines.n - 1 - done : done;
          const int64_t at = offset + row * lines.inner;
          // The factor between this row and the one before it: that of the later of the two.
          const T* factor = a.as<T>() + (backwards && done > 0 ? at + lines.inner : at);
          const T* term = b.as<T>() + at;
          T* to = y.as<T>() + at;
          for (int64_t j = 0; j < width; ++j) {
            const double before = done > 0 ? static_cast<double>(factor[j]) * carry[j] : 0;
            carry[j] = static_cast<double>(term[j]) + before;
            to[j] = static_cast<T>(carry[j]);
          }
        }
      });
    }
  });
}

}  // namespace flambeau
