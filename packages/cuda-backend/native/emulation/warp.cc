#include "warp.h"

#include <bit>
#include <cstdarg>
#include <cstdio>
#include <cstring>

#include "mma.h"

namespace flambeau::cuda::emulation {
namespace {

// The lane whose value `lane` gets.
int source_of(const Request& request, int lane) {
  const int first = lane & ~(request.width - 1);
  const int last = first + request.width - 1;
  int source = lane;
  switch (request.kind) {
    case Exchange::kIndex: return first + (request.operand & (request.width - 1));
    case Exchange::kUp: source = lane - request.operand; return source < first ? lane : source;
    case Exchange::kDown: source = lane + request.operand; break;
    default: source = lane ^ request.operand; break;
  }
  return source > last ? lane : source;
}

// Combines two 32-bit values for __reduce_…_sync.
uint32_t combine(Exchange kind, uint32_t a, uint32_t b) {
  const auto signed_a = static_cast<int32_t>(a);
  const auto signed_b = static_cast<int32_t>(b);
  switch (kind) {
    case Exchange::kAdd: return a + b;
    case Exchange::kMinSigned: return signed_b < signed_a ? b : a;
    case Exchange::kMaxSigned: return signed_b > signed_a ? b : a;
    case Exchange::kMinUnsigned: return b < a ? b : a;
    case Exchange::kMaxUnsigned: return b > a ? b : a;
    case Exchange::kAnd: return a & b;
    case Exchange::kOr: return a | b;
    default: return a ^ b;
  }
}

// What takes whole warps: the lanes' shares of it.
template <class Share>
std::string whole_warp(Request* const* requests, unsigned lanes,
                       void (*finish)(const Share* const*)) {
  const Request& some = *requests[std::countr_zero(lanes)];
  if (lanes != 0xffffffffu)
    return text("%s at %s takes all 32 lanes; only %08x are there", name_of(some.kind),
                place_of(some.at).c_str(), lanes);
  const Share* shares[kLanes];
  for (int lane = 0; lane < kLanes; ++lane)
    shares[lane] = reinterpret_cast<const Share*>(requests[lane]->value);
  finish(shares);
  return "";
}

}  // namespace

std::string exchange(Request* const* requests, unsigned lanes, int count) {
  const Request& some = *requests[std::countr_zero(lanes)];
  if (some.kind == Exchange::kProduct) return whole_warp(requests, lanes, finish_product);
  if (some.kind == Exchange::kLoad) return whole_warp(requests, lanes, finish_load);
  unsigned holding = 0;  // lanes whose value is not 0
  bool equal = true;
  uint32_t reduced = static_cast<uint32_t>(some.value);
  for (int lane = 0; lane < kLanes; ++lane) {
    if (!(lanes >> lane & 1)) continue;
    const uint64_t value = requests[lane]->value;
    if (value != 0) holding |= 1u << lane;
    equal = equal && value == some.value;
    if (requests[lane] != &some)
      reduced = combine(some.kind, reduced, static_cast<uint32_t>(value));
  }
  for (int lane = 0; lane < kLanes; ++lane) {
    if (!(lanes >> lane & 1)) continue;
    Request& request = *requests[lane];
    switch (request.kind) {
      case Exchange::kBarrier: request.result = 0; break;
      case Exchange::kBallot: request.result = holding; break;
      case Exchange::kAll: request.result = holding == lanes; break;
      case Exchange::kAny: request.result = holding != 0; break;
      case Exchange::kMatchAll: request.result = equal ? lanes : 0; break;
      case Exchange::kMatchAny:
        request.result = 0;
        for (int other = 0; other < kLanes; ++other)
          if ((lanes >> other & 1) && requests[other]->value == request.value)
            request.result |= 1u << other;
        break;
      case Exchange::kIndex:
      case Exchange::kUp:
      case Exchange::kDown:
      case Exchange::kXor: {
        const int source = source_of(request, lane);
        if (!(lanes >> source & 1)) {
          const char* why = source >= count                 ? "does not exist"
                            : !(request.mask >> source & 1) ? "is not in the mask"
                                                            : "has ended";
          return text("%s at %s reads lane %d, which %s, for lane %d", name_of(request.kind),
                      place_of(request.at).c_str(), source, why, lane);
        }
        request.result = requests[source]->value;
        break;
      }
      default: request.result = reduced;
    }
  }
  return "";
}

const char* name_of(Exchange kind) {
  switch (kind) {
    case Exchange::kBarrier: return "__syncwarp";
    case Exchange::kIndex: return "__shfl_sync";
    case Exchange::kUp: return "__shfl_up_sync";
    case Exchange::kDown: return "__shfl_down_sync";
    case Exchange::kXor: return "__shfl_xor_sync";
    case Exchange::kBallot: return "__ballot_sync";
    case Exchange::kAll: return "__all_sync";
    case Exchange::kAny: return "__any_sync";
    case Exchange::kMatchAny: return "__match_any_sync";
    case Exchange::kMatchAll: return "__match_all_sync";
    case Exchange::kProduct: return "mma.sync";
    case Exchange::kLoad: return "ldmatrix.sync";
    default: return "__reduce_…_sync";
  }
}

std::string place_of(const std::source_location& at) {
  const char* slash = std::strrchr(at.file_name(), '/');
  return std::string(slash ? slash + 1 : at.file_name()) + ":" + std::to_string(at.line());
}

bool same_place(const std::source_location& a, const std::source_location& b) {
  return a.line() == b.line() &&
         (a.file_name() == b.file_name() || std::strcmp(a.file_name(), b.file_name()) == 0);
}

std::string text(const char* format, ...) {
  char buffer[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(buffer, sizeof buffer, format, arguments);
  va_end(arguments);
  return buffer;
}

}  // namespace flambeau::cuda::emulation
