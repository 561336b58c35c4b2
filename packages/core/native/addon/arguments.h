// The arguments of an exported function, checked as they are read.
#pragma once

#include <node_api.h>

#include <cmath>
#include <cstdint>

#include "environment.h"

namespace flambeau {

struct TypedArray {
  napi_typedarray_type type;
  void* data;
  size_t length;

  bool holds(DType dtype) const {
    switch (dtype) {
      case DType::kFloat32: return type == napi_float32_array;
      case DType::kFloat64: return type == napi_float64_array;
      case DType::kInt64: return type == napi_bigint64_array;
      case DType::kInt32: return type == napi_int32_array;
      case DType::kUInt8:
      case DType::kBool: return type == napi_uint8_array || type == napi_uint8_clamped_array;
      case DType::kInt8: return type == napi_int8_array;
      case DType::kInt16: return type == napi_int16_array;
      case DType::kFloat16:
      case DType::kBFloat16: return type == napi_uint16_array;  // the bits
    }
    return false;
  }
};

class Arguments {
 public:
  static constexpr size_t kMax = 8;

  Arguments(napi_env env, napi_callback_info info) : env_(env) {
    void* data = nullptr;
    if (napi_get_cb_info(env, info, &count_, values_, nullptr, &data) != napi_ok)
      throw Failure("ERR_INTERNAL", "the call's arguments could not be read");
    if (count_ > kMax) throw Failure("ERR_INTERNAL", "too many arguments");
    environment_ = static_cast<Environment*>(data);
  }

  napi_env env() const { return env_; }
  size_t count() const { return count_; }
  napi_value* values() { return values_; }
  napi_value value(size_t i) const {
    if (i >= count_) throw Failure("ERR_INTERNAL", "an argument is missing");
    return values_[i];
  }
  Environment& environment() const { return *environment_; }
  // The environment once it has a command buffer.
  Environment& connected() const {
    if (!environment_->connected()) throw Failure("ERR_INTERNAL", "connect was not called");
    return *environment_;
  }

  double as_number(size_t i) const {
    double result;
    if (napi_get_value_double(env_, value(i), &result) != napi_ok)
      throw Failure("ERR_INTERNAL", "an argument must be a number");
    return result;
  }
  // A whole number that fits 32 bits: an id, a slot, a count.
  uint32_t as_uint32(size_t i) const {
    const double number = as_number(i);
    if (!(number >= 0 && number <= UINT32_MAX) || number != std::trunc(number))
      throw Failure("ERR_INTERNAL", "an argument must be a whole number of 32 bits");
    return static_cast<uint32_t>(number);
  }
  Entry* entry(size_t i) const {
    uint32_t id;
    if (napi_get_value_uint32(env_, value(i), &id) != napi_ok)
      throw Failure("ERR_INTERNAL", "an id must be a number");
    return environment_->context().get(id);
  }
  TypedArray typed_array(size_t i) const {
    TypedArray array{};
    if (napi_get_typedarray_info(env_, value(i), &array.type, &array.length, &array.data, nullptr,
                                 nullptr) != napi_ok)
      throw Failure("ERR_INTERNAL", "an argument must be a typed array");
    return array;
  }

  napi_value number(double value) const {
    napi_value result;
    napi_create_double(env_, value, &result);
    return result;
  }
  napi_value boolean(bool value) const {
    napi_value result;
    napi_get_boolean(env_, value, &result);
    return result;
  }

 private:
  napi_env env_;
  size_t count_ = kMax;
  napi_value values_[kMax];
  Environment* environment_;
};

}  // namespace flambeau
