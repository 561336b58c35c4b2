#include "exchange.h"

#include <mutex>
#include <unordered_map>
#include <utility>

#include "context.h"

namespace flambeau {

namespace {

struct Exchange {
  std::mutex mutex;
  uint32_t next_channel = 1;
  uint64_t next_ticket = 1;
  // The tickets of each open channel.
  std::unordered_map<uint32_t, std::unordered_map<uint64_t, Tensor>> channels;
  std::unordered_map<uint64_t, uint32_t> channel_of;
};

// Never destroyed: threads may end after the main thread's statics.
Exchange& exchange() {
  static auto* const instance = new Exchange();
  return *instance;
}

}  // namespace

uint32_t open_channel() {
  Exchange& e = exchange();
  const std::lock_guard lock(e.mutex);
  const uint32_t channel = e.next_channel++;
  e.channels[channel];
  return channel;
}

void close_channel(uint32_t channel) {
  Exchange& e = exchange();
  std::unordered_map<uint64_t, Tensor> left;  // freed after the lock is
  const std::lock_guard lock(e.mutex);
  const auto found = e.channels.find(channel);
  if (found == e.channels.end()) return;
  for (const auto& [ticket, tensor] : found->second) e.channel_of.erase(ticket);
  left = std::move(found->second);
  e.channels.erase(found);
}

uint64_t send(uint32_t channel, const Tensor& tensor) {
  Exchange& e = exchange();
  const std::lock_guard lock(e.mutex);
  const auto found = e.channels.find(channel);
  if (found == e.channels.end()) throw Failure("ERR_VALUE", "the channel is closed");
  const uint64_t ticket = e.next_ticket++;
  e.channel_of.emplace(ticket, channel);
  found->second.emplace(ticket, tensor);
  return ticket;
}

Tensor receive(uint64_t ticket, bool keep) {
  Exchange& e = exchange();
  const std::lock_guard lock(e.mutex);
  const auto place = e.channel_of.find(ticket);
  if (place == e.channel_of.end())
    throw Failure("ERR_DISPOSED", "no tensor waits under this ticket");
  auto& tickets = e.channels.at(place->second);
  const auto found = tickets.find(ticket);
  if (keep) return found->second;
  Tensor tensor = std::move(found->second);
  tickets.erase(found);
  e.channel_of.erase(place);
  return tensor;
}

size_t waiting_tensors() {
  Exchange& e = exchange();
  const std::lock_guard lock(e.mutex);
  return e.channel_of.size();
}

}  // namespace flambeau
