// Elements as keys: unsigned numbers in the elements' order, so that every type is sorted by the
// same code.
#pragma once

#include <bit>

#include "portable.h"

namespace flambeau {

// Elements that compare equal have equal keys: both zeros, and every NaN, which is the largest.
template <class T>
struct SortKey {
  using Type = std::conditional_t<(sizeof(T) > 4), uint64_t, uint32_t>;
  static constexpr Type kSign = Type{1} << (sizeof(Type) * 8 - 1);
  static constexpr Type kNan = ~Type{0};
  static constexpr Type kZero = kSign;

  FLAMBEAU_HD static Type of(T x) {
    if constexpr (std::is_floating_point_v<T>) {
      if (x != x) return kNan;
      const Type bits = std::bit_cast<Type>(x);
      if (bits == kSign) return kZero;
      return (bits & kSign) != 0 ? ~bits : bits | kSign;
    } else if constexpr (std::is_signed_v<T>) {
      return static_cast<Type>(x) ^ kSign;
    } else {
      return x;
    }
  }

  // The element with this key. Keys of several elements (isolated there) are not unique.
  FLAMBEAU_HD static T element(Type key) {
    if constexpr (std::is_floating_point_v<T>) {
      return std::bit_cast<T>((key & kSign) != 0 ? key ^ kSign : ~key);
    } else if constexpr (std::is_signed_v<T>) {
      return static_cast<T>(key ^ kSign);
    } else {
      return static_cast<T>(key);
    }
  }
  FLAMBEAU_HD static bool is_unique(Type key) {
    return !std::is_floating_point_v<T> || (key != kZero && key != kNan);
  }
};

// A key and a place: no two are equal, and elements that compare equal are in the order of their
// places. Here the key is in the upper half, the place in the lower one.
struct PackedItem {
  using Key = uint32_t;
  uint64_t bits;

  static constexpr int kKeyBytes = 4;
  FLAMBEAU_HD static PackedItem make(Key key, int64_t place) {
    return {uint64_t{key} << 32 | static_cast<uint64_t>(place)};
  }
  FLAMBEAU_HD Key key() const { return static_cast<Key>(bits >> 32); }
  FLAMBEAU_HD int64_t place() const { return static_cast<int64_t>(bits & 0xffffffff); }
  FLAMBEAU_HD int digit(int byte) const { return static_cast<int>(bits >> (32 + 8 * byte) & 0xff); }
  FLAMBEAU_HD bool operator<(const PackedItem& other) const { return bits < other.bits; }
};

struct WideItem {
  using Key = uint64_t;
  Key bits;
  int64_t at;

  static constexpr int kKeyBytes = 8;
  FLAMBEAU_HD static WideItem make(Key key, int64_t place) { return {key, place}; }
  FLAMBEAU_HD Key key() const { return bits; }
  FLAMBEAU_HD int64_t place() const { return at; }
  FLAMBEAU_HD int digit(int byte) const { return static_cast<int>(bits >> (8 * byte) & 0xff); }
  FLAMBEAU_HD bool operator<(const WideItem& other) const {
    return bits < other.bits || (bits == other.bits && at < other.at);
  }
};

// Items of elements of type T. Places are below 2^32.
template <class T>
using SortItem = std::conditional_t<(sizeof(T) > 4), WideItem, PackedItem>;

}  // namespace flambeau
