// Exported functions of devices, and those that pass tensors to other threads of JavaScript.
#include "devices.h"
#include "exchange.h"
#include "exports.h"

namespace flambeau {
namespace {

// --- devices ---

// registerDevices(external) -> the ordinal of the first one. The external holds a FlambeauDevice.
napi_value run_register_devices(Arguments& a) {
  napi_valuetype kind;
  void* data = nullptr;
  if (napi_typeof(a.env(), a.value(0), &kind) != napi_ok || kind != napi_external ||
      napi_get_value_external(a.env(), a.value(0), &data) != napi_ok || !data)
    throw Failure("ERR_DEVICE", "what is to be registered is not a device's addon");
  return a.number(register_devices(static_cast<const FlambeauDevice*>(data)));
}
// deviceOf(id) -> the ordinal of the device that holds the tensor; 0 for the processor.
napi_value run_device_of(Arguments& a) {
  const Device* device = device_of(a.entry(0)->tensor);
  return a.number(device ? device->ordinal() : 0);
}
// synchronize(ordinal)
napi_value synchronize(Arguments& a) {
  if (Device* device = device_at(static_cast<int>(a.as_uint32(0)))) device->synchronize();
  return nullptr;
}

// --- other threads ---

napi_value run_open_channel(Arguments& a) { return a.number(open_channel()); }
napi_value run_close_channel(Arguments& a) {
  close_channel(a.as_uint32(0));
  return nullptr;
}
// send(id, channel) -> ticket
napi_value run_send(Arguments& a) {
  return a.number(static_cast<double>(send(a.as_uint32(1), a.entry(0)->tensor)));
}
// receive(ticket, keep?) -> id, with a count for the caller
napi_value run_receive(Arguments& a) {
  const double ticket = a.as_number(0);
  if (!(ticket >= 0 && ticket <= 9007199254740992.0))
    throw Failure("ERR_INTERNAL", "a ticket must be a whole number");
  Tensor tensor = receive(static_cast<uint64_t>(ticket), a.as_number(1) != 0);
  // As if it had been made here: this thread's garbage is what fills the budget, and only this
  // thread can collect it.
  if (!device_of(tensor)) a.environment().context().reserve(tensor.storage->bytes);
  return a.number(a.environment().context().add(std::move(tensor))->id);
}

constexpr Export kExports[] = {
    {"registerDevices", guarded<run_register_devices>},
    {"deviceOf", guarded<run_device_of>},
    {"synchronize", guarded<synchronize>},
    {"openChannel", guarded<run_open_channel>},
    {"closeChannel", guarded<run_close_channel>},
    {"send", guarded<run_send>},
    {"receive", guarded<run_receive>},
};

}  // namespace

std::span<const Export> device_exports() { return kExports; }

}  // namespace flambeau
