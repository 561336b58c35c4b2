// The N-API surface. It is generic: an operation adds a kernel and a record in src/ops, nothing
// here.
#include "about.h"
#include "devices.h"
#include "exports.h"
#include "launch.h"

namespace flambeau {
namespace {

napi_value connect(Arguments& a) {
  a.environment().connect(a.value(0), a.value(1), a.value(2), a.value(3));
  return nullptr;
}

napi_value kernel_names(Arguments& a) {
  napi_value list;
  napi_create_array(a.env(), &list);
  uint32_t i = 0;
  for (const std::string& name : KernelRegistry::instance().names()) {
    napi_value text;
    napi_create_string_utf8(a.env(), name.c_str(), name.size(), &text);
    napi_set_element(a.env(), list, i++, text);
  }
  return list;
}

// An object of texts.
napi_value describe(Arguments& a) {
  napi_value object;
  napi_create_object(a.env(), &object);
  for (const auto& [name, value] : about()) {
    napi_value text;
    napi_create_string_utf8(a.env(), value.c_str(), value.size(), &text);
    napi_set_named_property(a.env(), object, name.c_str(), text);
  }
  return object;
}

napi_value run_launch(Arguments& a) {
  launch(a.connected(), a.values(), a.count());
  return nullptr;
}

constexpr Export kExports[] = {
    {"connect", guarded<connect>},
    {"kernelNames", guarded<kernel_names>},
    {"about", guarded<describe>},
    {"launch", guarded<run_launch>},
};

}  // namespace

napi_value initialise(napi_env env, napi_value exports) {
  auto* environment = new Environment(env);
  napi_set_instance_data(
      env, environment, [](napi_env, void* data, void*) { delete static_cast<Environment*>(data); },
      nullptr);
  for (const std::span<const Export> group :
       {std::span<const Export>(kExports), tensor_exports(), graph_exports(), resource_exports(),
        device_exports()}) {
    for (const Export& one : group) {
      napi_value function;
      if (napi_create_function(env, one.name, NAPI_AUTO_LENGTH, one.function, environment,
                               &function) != napi_ok ||
          napi_set_named_property(env, exports, one.name, function) != napi_ok)
        return nullptr;
    }
  }
  return exports;
}

}  // namespace flambeau

NAPI_MODULE_INIT() { return flambeau::initialise(env, exports); }
