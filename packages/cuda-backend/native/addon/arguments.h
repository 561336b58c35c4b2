// The arguments of an exported function, checked as they are read, and values to return.
#pragma once

#include <node_api.h>

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>

#include "failure.h"

namespace flambeau::cuda {

// Something that JavaScript holds by an external, of a kind that is checked when it comes back.
enum class Held : uint32_t { kEvent = 0x45564e54, kGraph = 0x47525048 };

template <class T>
struct Holder {
  Held kind;
  std::unique_ptr<T> value;
};

class Arguments {
 public:
  static constexpr size_t kMost = 8;

  Arguments(napi_env env, napi_callback_info info) : env_(env) {
    if (napi_get_cb_info(env, info, &count_, values_, nullptr, nullptr) != napi_ok)
      throw Failure("ERR_INTERNAL", "the call's arguments could not be read");
  }

  napi_env env() const { return env_; }
  napi_value value(size_t i) const {
    if (i >= count_ || i >= kMost) throw Failure("ERR_INTERNAL", "an argument is missing");
    return values_[i];
  }
  double number_at(size_t i) const {
    double result;
    if (napi_get_value_double(env_, value(i), &result) != napi_ok)
      throw Failure("ERR_INTERNAL", "an argument must be a number");
    return result;
  }
  int int_at(size_t i) const {
    const double number = number_at(i);
    if (!(std::fabs(number) <= 1e9) || number != std::trunc(number))
      throw Failure("ERR_INTERNAL", "an argument must be a whole number");
    return static_cast<int>(number);
  }
  bool bool_at(size_t i) const { return number_at(i) != 0; }
  std::string text_at(size_t i) const {
    size_t length = 0;
    if (napi_get_value_string_utf8(env_, value(i), nullptr, 0, &length) != napi_ok)
      throw Failure("ERR_INTERNAL", "an argument must be a text");
    std::string result(length + 1, '\0');
    napi_get_value_string_utf8(env_, value(i), result.data(), length + 1, &length);
    result.resize(length);
    return result;
  }
  uint64_t uint64_at(size_t i) const {
    uint64_t result;
    bool lossless;
    if (napi_get_value_bigint_uint64(env_, value(i), &result, &lossless) != napi_ok || !lossless)
      throw Failure("ERR_INTERNAL", "an argument must be a bigint of 64 bits");
    return result;
  }
  template <class T>
  T& held_at(size_t i, Held kind) const {
    napi_valuetype type;
    void* data = nullptr;
    if (napi_typeof(env_, value(i), &type) != napi_ok || type != napi_external ||
        napi_get_value_external(env_, value(i), &data) != napi_ok || !data ||
        static_cast<Holder<T>*>(data)->kind != kind)
      throw Failure("ERR_INTERNAL", "an argument is not what this addon made");
    return *static_cast<Holder<T>*>(data)->value;
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
  napi_value text(const std::string& value) const {
    napi_value result;
    napi_create_string_utf8(env_, value.c_str(), value.size(), &result);
    return result;
  }
  napi_value list(std::initializer_list<napi_value> items) const {
    napi_value result;
    napi_create_array(env_, &result);
    for (napi_value item : items) push(result, item);
    return result;
  }
  void push(napi_value list, napi_value item) const {
    uint32_t length = 0;
    napi_get_array_length(env_, list, &length);
    napi_set_element(env_, list, length, item);
  }
  napi_value object(std::initializer_list<std::pair<const char*, napi_value>> fields) const {
    napi_value result;
    napi_create_object(env_, &result);
    for (const auto& [name, item] : fields) napi_set_named_property(env_, result, name, item);
    return result;
  }
  template <class T>
  napi_value hold(Held kind, std::unique_ptr<T> value) const {
    auto holder = std::make_unique<Holder<T>>(Holder<T>{kind, std::move(value)});
    napi_value result;
    const auto forget = [](napi_env, void* data, void*) { delete static_cast<Holder<T>*>(data); };
    if (napi_create_external(env_, holder.get(), forget, nullptr, &result) != napi_ok)
      throw Failure("ERR_INTERNAL", "no external could be made");
    static_cast<void>(holder.release());  // it is the external's now
    return result;
  }

 private:
  napi_env env_;
  size_t count_ = kMost;
  napi_value values_[kMost];
};

}  // namespace flambeau::cuda
