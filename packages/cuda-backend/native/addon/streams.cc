#include "streams.h"

#include <mutex>
#include <vector>

#include "failure.h"
#include "graph.h"
#include "stream.h"

namespace flambeau::cuda {

namespace {

struct Streams {
  std::mutex mutex;
  std::vector<NumberedStream> all;
};

Streams& streams() {
  static auto* made = new Streams;
  return *made;
}

int number_with_priority(int device, int priority, cudaStream_t stream) {
  Streams& s = streams();
  const std::lock_guard lock(s.mutex);
  for (size_t i = 0; i < s.all.size(); ++i)
    if (s.all[i].stream == stream && s.all[i].device == device) return static_cast<int>(i);
  s.all.push_back({device, priority, stream});
  return static_cast<int>(s.all.size()) - 1;
}

}  // namespace

NumberedStream stream_with(int number) {
  launch_held_back();
  Streams& s = streams();
  const std::lock_guard lock(s.mutex);
  if (number < 0 || number >= static_cast<int>(s.all.size()))
    throw Failure("ERR_INTERNAL", "there is no stream with this number");
  return s.all[static_cast<size_t>(number)];
}

int number_of(int device, cudaStream_t stream) { return number_with_priority(device, 0, stream); }

int take_stream(int device, int priority) {
  const auto [least, greatest] = priority_range(device);
  const int within = priority < greatest ? greatest : priority > least ? least : priority;
  return number_with_priority(device, within, pooled_stream(device, within));
}

}  // namespace flambeau::cuda
