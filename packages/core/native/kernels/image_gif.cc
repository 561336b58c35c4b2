// The indices of a GIF image, from the bytes of its file.
#include <algorithm>
#include <string>
#include <vector>

#include "image.h"

namespace flambeau {

namespace {

[[noreturn]] void damaged(const std::string& why) { throw Failure("ERR_VALUE", why); }

// Codes of growing width out of blocks of at most 255 bytes, lowest bit first.
class CodeReader {
 public:
  CodeReader(const uint8_t* at, const uint8_t* end) : at_(at), end_(end) {}

  // The next code of so many bits; -1 at the end of the blocks or of the file.
  int next(int bits) {
    while (held_bits_ < bits) {
      if (left_ == 0) {
        if (at_ == end_ || *at_ == 0) return -1;
        left_ = *at_++;
      }
      if (at_ == end_) return -1;
      held_ |= static_cast<uint32_t>(*at_++) << held_bits_;
      held_bits_ += 8;
      --left_;
    }
    const int code = static_cast<int>(held_ & ((1u << bits) - 1));
    held_ >>= bits;
    held_bits_ -= bits;
    return code;
  }

 private:
  const uint8_t* at_;
  const uint8_t* end_;
  int left_ = 0;  // bytes of this block
  uint32_t held_ = 0;
  int held_bits_ = 0;
};

constexpr int kCodes = 4096;

// Unpacks LZW codes whose symbols have `bits` bits into exactly `total` indices at y.
void unpack(CodeReader codes, int bits, uint8_t* y, int64_t total) {
  // The sequence of code c is that of prefix[c] and last[c], begins with first[c].
  std::vector<uint16_t> prefix(kCodes), length(kCodes);
  std::vector<uint8_t> first(kCodes), last(kCodes);
  const int clear = 1 << bits;
  for (int c = 0; c < clear; ++c) {
    first[c] = last[c] = static_cast<uint8_t>(c);
    length[c] = 1;
  }
  int next = clear + 2, width = bits + 1, before = -1;
  int64_t done = 0;
  while (done < total) {
    const int code = codes.next(width);
    if (code < 0 || code == clear + 1)
      damaged("the image data end after " + std::to_string(done) + " of " + std::to_string(total) +
              " pixels");
    if (code == clear) {
      next = clear + 2;
      width = bits + 1;
      before = -1;
      continue;
    }
    if (code > next || (code == next && before < 0) || (before < 0 && code >= clear))
      damaged("the image data have a code that stands for nothing");
    // Within the table, or the sequence before and its own first index.
    if (before >= 0 && next < kCodes) {
      prefix[next] = static_cast<uint16_t>(before);
      length[next] = static_cast<uint16_t>(length[before] + 1);
      first[next] = first[before];
      last[next] = code == next ? first[before] : first[code];
      ++next;
      if (next == 1 << width && width < 12) ++width;
    } else if (code >= next) {
      damaged("the image data have a code that stands for nothing");
    }
    const int64_t count = length[code];
    int c = code;
    for (int64_t k = count - 1; k >= 0; --k) {
      if (done + k < total) y[done + k] = last[c];
      c = prefix[c];
    }
    done += count;
    before = code;
  }
}

}  // namespace

// file uint8 [n] -> uint8 [1, height, width], 0 where the image's frame is not. Parameters: where
// the code size stands in the file, the frame's left and top, its width and height, interlaced?
FLAMBEAU_KERNEL(image_gif) {
  const Tensor file = call.contiguous(call.in(0));
  const OutputSpec& spec = call.spec(0);
  require_image(spec.shape);
  const int64_t start = call.integer(0), left = call.integer(1), top = call.integer(2);
  const int64_t width = call.integer(3), height = call.integer(4);
  const int64_t canvas = spec.shape.sizes[2];
  if (file.dtype != DType::kUInt8 || file.ndim() != 1 || spec.dtype != DType::kUInt8 ||
      call.in_place(0) || spec.shape.sizes[0] != 1)
    throw Failure("ERR_INTERNAL", "a file gives one plane of indices");
  if (left < 0 || top < 0 || width < 0 || height < 0 || width > canvas - left ||
      height > spec.shape.sizes[1] - top)
    damaged("the frame does not lie in the image");
  if (start < 0 || start >= file.numel()) damaged("the image data are missing");
  const uint8_t* bytes = file.as<uint8_t>();
  const int bits = bytes[start];
  if (bits < 1 || bits > 8) damaged("indices of " + std::to_string(bits) + " bits do not exist");
  Tensor& y = call.out(0);
  uint8_t* out = y.as<uint8_t>();
  const CodeReader codes(bytes + start + 1, bytes + file.numel());
  if (!call.flag(5) && left == 0 && width == canvas) {
    std::fill(out, out + top * canvas, 0);
    unpack(codes, bits, out + top * canvas, width * height);
    std::fill(out + (top + height) * canvas, out + y.numel(), 0);
    return;
  }
  const Tensor frame = call.temporary(Shape{height, width}, DType::kUInt8);
  unpack(codes, bits, frame.as<uint8_t>(), width * height);
  std::fill(out, out + y.numel(), 0);
  const auto place = [&](int64_t from, int64_t to) {
    const uint8_t* line = frame.as<uint8_t>() + from * width;
    std::copy(line, line + width, out + (top + to) * canvas + left);
  };
  if (!call.flag(5)) {
    for (int64_t row = 0; row < height; ++row) place(row, row);
    return;
  }
  // Four passes: every eighth row, those between them, every other one of four, the rest.
  constexpr int64_t kFirst[] = {0, 4, 2, 1}, kStep[] = {8, 8, 4, 2};
  int64_t from = 0;
  for (int pass = 0; pass < 4; ++pass)
    for (int64_t row = kFirst[pass]; row < height; row += kStep[pass]) place(from++, row);
}

}  // namespace flambeau
