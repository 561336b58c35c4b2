// Streams and events: when work runs, and what a capture records instead.
#include <algorithm>
#include <chrono>
#include <set>

#include "state.h"

namespace flambeau::cuda::emulation {
namespace {

// Streams that wait for longer than this run for a while, so that memory does not grow without end.
constexpr size_t kMostItems = 100000;

std::set<CUstream_st*>& streams() {
  static std::set<CUstream_st*> all;
  return all;
}

std::set<CUevent_st*>& events() {
  static std::set<CUevent_st*> all;
  return all;
}

std::vector<std::shared_ptr<Capture>>& captures() {
  static std::vector<std::shared_ptr<Capture>> under_way;
  return under_way;
}

thread_local cudaStreamCaptureMode thread_mode = cudaStreamCaptureModeGlobal;
cudaError_t deferred = cudaSuccess;  // what work that ran later has failed with
uint64_t next_capture = 1;

CUstream_st* legacy_stream(int device) {
  static std::map<int, CUstream_st> legacy;
  const auto [it, added] = legacy.try_emplace(device);
  if (added) {
    it->second.device = device;
    it->second.legacy = true;
    streams().insert(&it->second);
  }
  return &it->second;
}

double now() {
  return std::chrono::duration<double, std::milli>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

cudaError_t run(const Work& work) {
  const Access access;
  return work();
}

// Runs the first item of a stream, after what it waits for.
void step(CUstream_st* stream) {
  if (stream->items.empty()) return;
  if (const auto mark = stream->items.front().wait) {
    while (!mark->done) step(mark->stream);
    // Meanwhile the stream may have been run by another one that waited for it.
    if (!stream->items.empty() && stream->items.front().wait == mark) stream->items.pop_front();
    return;
  }
  const Item item = std::move(stream->items.front());
  stream->items.pop_front();
  if (const cudaError_t error = run(item.work))
    if (deferred == cudaSuccess) deferred = error;
}

void finish(CUstream_st* stream) {
  while (!stream->items.empty()) step(stream);
}

cudaError_t take_deferred() {
  const cudaError_t error = deferred;
  deferred = cudaSuccess;
  return failed(error);
}

std::shared_ptr<Mark> mark_in(CUstream_st* stream) {
  auto mark = std::make_shared<Mark>();
  mark->stream = stream;
  if (stream->items.empty()) {
    mark->done = true;
    mark->time = now();
  } else {
    stream->items.push_back({[mark] {
                               mark->done = true;
                               mark->time = now();
                               return cudaSuccess;
                             },
                             nullptr});
  }
  return mark;
}

void wait_in(CUstream_st* stream, const std::shared_ptr<Mark>& mark) {
  if (mark && !mark->done) stream->items.push_back({nullptr, mark});
}

// The default stream begins when all other streams have done what they have, and they begin after
// it.
void order_with_default(CUstream_st* stream) {
  if (!settings().asynchronous || (stream->flags & cudaStreamNonBlocking)) return;
  if (!stream->legacy) return wait_in(stream, mark_in(legacy_stream(stream->device)));
  for (CUstream_st* other : streams())
    if (other != stream && other->device == stream->device &&
        !(other->flags & cudaStreamNonBlocking))
      wait_in(stream, mark_in(other));
}

void spoil(Capture& capture) { capture.valid = false; }

void merge(Clock& into, const Clock& from) {
  for (const auto& [stream, count] : from) into[stream] = std::max(into[stream], count);
}

// What a stream that captures, or one that must not do so now, answers to a call that waits for it.
cudaError_t refuse_capture(CUstream_st* stream) {
  if (stream->capture) {
    spoil(*stream->capture);
    return failed(cudaErrorStreamCaptureUnsupported);
  }
  if (!stream->legacy) return cudaSuccess;
  for (const auto& capture : captures()) {
    if (capture->origin->device != stream->device) continue;
    if (capture->origin->flags & cudaStreamNonBlocking) continue;
    spoil(*capture);
    return failed(cudaErrorStreamCaptureImplicit);
  }
  return cudaSuccess;
}

}  // namespace

CUstream_st* stream_of(cudaStream_t handle) {
  if (handle == nullptr || handle == cudaStreamLegacy || handle == cudaStreamPerThread)
    return legacy_stream(current_device());
  return streams().count(handle) ? handle : nullptr;
}

cudaError_t outside_capture() {
  if (thread_mode == cudaStreamCaptureModeRelaxed) return cudaSuccess;
  for (const auto& capture : captures()) {
    const bool own = capture->thread == std::this_thread::get_id();
    const bool forbids = (capture->mode == cudaStreamCaptureModeGlobal &&
                          (own || thread_mode == cudaStreamCaptureModeGlobal)) ||
                         (capture->mode == cudaStreamCaptureModeThreadLocal && own);
    if (!forbids) continue;
    spoil(*capture);
    return failed(cudaErrorStreamCaptureUnsupported);
  }
  return cudaSuccess;
}

cudaError_t enqueue(CUstream_st* stream, Work work) {
  if (stream->capture) {
    Capture& capture = *stream->capture;
    if (!capture.valid) return failed(cudaErrorStreamCaptureInvalidated);
    capture.nodes.push_back(std::move(work));
    ++capture.clocks[stream][stream];
    return cudaSuccess;
  }
  if (stream->legacy)
    if (const cudaError_t error = refuse_capture(stream)) return error;
  if (!settings().asynchronous) return failed(run(work));
  order_with_default(stream);
  stream->items.push_back({std::move(work), nullptr});
  while (stream->items.size() > kMostItems) step(stream);
  return cudaSuccess;
}

cudaError_t drain(int device) {
  // The youngest stream first: whoever needs another order must have asked for it.
  for (auto it = streams().rbegin(); it != streams().rend(); ++it)
    if (device < 0 || (*it)->device == device) finish(*it);
  return take_deferred();
}

}  // namespace flambeau::cuda::emulation

using namespace flambeau::cuda::emulation;

// --- streams ---

cudaError_t cudaStreamCreateWithPriority(cudaStream_t* stream, unsigned flags, int priority) {
  const Guard guard(lock());
  if (const cudaError_t error = usable()) return error;
  if (flags & ~cudaStreamNonBlocking) return failed(cudaErrorInvalidValue);
  auto* created = new CUstream_st;
  created->device = current_device();
  created->flags = flags;
  created->priority = std::clamp(priority, -5, 0);
  streams().insert(created);
  *stream = created;
  return cudaSuccess;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  return cudaStreamCreateWithPriority(stream, flags, 0);
}

cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  return cudaStreamCreateWithPriority(stream, cudaStreamDefault, 0);
}

cudaError_t cudaStreamGetPriority(cudaStream_t stream, int* priority) {
  const Guard guard(lock());
  CUstream_st* self = stream_of(stream);
  if (!self) return failed(cudaErrorInvalidResourceHandle);
  *priority = self->priority;
  return cudaSuccess;
}

cudaError_t cudaStreamGetFlags(cudaStream_t stream, unsigned* flags) {
  const Guard guard(lock());
  CUstream_st* self = stream_of(stream);
  if (!self) return failed(cudaErrorInvalidResourceHandle);
  *flags = self->flags;
  return cudaSuccess;
}

cudaError_t cudaStreamGetDevice(cudaStream_t stream, int* device) {
  const Guard guard(lock());
  CUstream_st* self = stream_of(stream);
  if (!self) return failed(cudaErrorInvalidResourceHandle);
  *device = self->device;
  return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  const Guard guard(lock());
  CUstream_st* self = stream_of(stream);
  if (!self || self->legacy) return failed(cudaErrorInvalidResourceHandle);
  if (self->capture) return refuse_capture(self);
  finish(self);
  streams().erase(self);
  delete self;
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  const Guard guard(lock());
  if (const cudaError_t error = usable()) return error;
  CUstream_st* self = stream_of(stream);
  if (!self) return failed(cudaErrorInvalidResourceHandle);
  if (const cudaError_t error = refuse_capture(self)) return error;
  order_with_default(self);
  finish(self);
  return take_deferred();
}

cudaError_t cudaStreamQuery(cudaStream_t stream) {
  const Guard guard(lock());
  CUstream_st* self = stream_of(stream);
  if (!self) return failed(cudaErrorInvalidResourceHandle);
  if (const cudaError_t error = refuse_capture(self)) return error;
  if (self->items.empty()) return take_deferred();
  step(self);  // who asks again and again sees an end
  return cudaErrorNotReady;
}

cudaError_t cudaDeviceSynchronize() {
  const Guard guard(lock());
  if (const cudaError_t error = usable()) return error;
  for (const auto& capture : captures()) {
    if (capture->origin->device != current_device()) continue;
    spoil(*capture);
    return failed(cudaErrorStreamCaptureUnsupported);
  }
  return drain(current_device());
}

cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void* argument) {
  const Guard guard(lock());
  CUstream_st* self = stream_of(stream);
  if (!self) return failed(cudaErrorInvalidResourceHandle);
  return enqueue(self, [=] {
    function(argument);
    return cudaSuccess;
  });
}

// --- events ---

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags) {
  const Guard guard(lock());
  if (const cudaError_t error = usable()) return error;
  if (flags & ~(cudaEventBlockingSync | cudaEventDisableTiming))
    return failed(cudaErrorInvalidValue);
  auto* created = new CUevent_st;
  created->flags = flags;
  created->device = current_device();
  events().insert(created);
  *event = created;
  return cudaSuccess;
}

cudaError_t cudaEventCreate(cudaEvent_t* event) {
  return cudaEventCreateWithFlags(event, cudaEventDefault);
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  const Guard guard(lock());
  if (events().erase(event) == 0) return failed(cudaErrorInvalidResourceHandle);
  delete event;
  return cudaSuccess;
}

cudaError_t cudaEventRecordWithFlags(cudaEvent_t event, cudaStream_t stream, unsigned flags) {
  const Guard guard(lock());
  CUstream_st* self = stream_of(stream);
  if (!self || events().count(event) == 0 || self->device != event->device)
    return failed(cudaErrorInvalidResourceHandle);
  if (self->capture && flags == cudaEventRecordExternal) {
    // A node of the graph, which records the event whenever it runs.
    return enqueue(self, [event] {
      event->capture = nullptr;
      event->mark = std::make_shared<Mark>();
      event->mark->done = true;
      event->mark->time = now();
      return cudaSuccess;
    });
  }
  if (self->capture) {
    if (!self->capture->valid) return failed(cudaErrorStreamCaptureInvalidated);
    event->capture = self->capture;
    event->clock = self->capture->clocks[self];
    return cudaSuccess;
  }
  if (self->legacy)
    if (const cudaError_t error = refuse_capture(self)) return error;
  order_with_default(self);
  event->capture = nullptr;
  event->mark = mark_in(self);
  return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  return cudaEventRecordWithFlags(event, stream, cudaEventRecordDefault);
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  const Guard guard(lock());
  CUstream_st* self = stream_of(stream);
  if (!self || events().count(event) == 0) return failed(cudaErrorInvalidResourceHandle);
  if (event->capture) {
    Capture& capture = *event->capture;
    if (!capture.valid) return failed(cudaErrorStreamCaptureInvalidated);
    if (self->legacy) return refuse_capture(self);
    if (self->capture && self->capture != event->capture) {
      spoil(capture);
      spoil(*self->capture);
      return failed(cudaErrorStreamCaptureMerge);
    }
    self->capture = event->capture;  // from now on this stream takes part
    merge(capture.clocks[self], event->clock);
    return cudaSuccess;
  }
  if (self->capture) {
    if (!event->mark) return cudaSuccess;
    spoil(*self->capture);
    return failed(cudaErrorStreamCaptureIsolation);
  }
  order_with_default(self);
  wait_in(self, event->mark);
  return cudaSuccess;
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
  const Guard guard(lock());
  if (events().count(event) == 0) return failed(cudaErrorInvalidResourceHandle);
  if (event->capture) return failed(cudaErrorCapturedEvent);
  if (const cudaError_t error = outside_capture()) return error;
  if (!event->mark || event->mark->done) return take_deferred();
  step(event->mark->stream);  // who asks again and again sees an end
  return cudaErrorNotReady;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  const Guard guard(lock());
  if (events().count(event) == 0) return failed(cudaErrorInvalidResourceHandle);
  if (event->capture) {
    if (event->capture->valid) spoil(*event->capture);
    return failed(cudaErrorCapturedEvent);
  }
  const auto mark = event->mark;
  while (mark && !mark->done) step(mark->stream);
  return take_deferred();
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
  const Guard guard(lock());
  for (cudaEvent_t event : {start, end}) {
    if (events().count(event) == 0 || !event->mark || (event->flags & cudaEventDisableTiming))
      return failed(cudaErrorInvalidResourceHandle);
    if (event->capture) return failed(cudaErrorCapturedEvent);
    if (!event->mark->done) return cudaErrorNotReady;
  }
  *milliseconds = static_cast<float>(end->mark->time - start->mark->time);
  return cudaSuccess;
}

// --- captures ---

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) {
  const Guard guard(lock());
  if (const cudaError_t error = usable()) return error;
  CUstream_st* self = stream_of(stream);
  if (!self) return failed(cudaErrorInvalidResourceHandle);
  if (self->legacy) return failed(cudaErrorStreamCaptureUnsupported);
  if (self->capture) return failed(cudaErrorInvalidValue);
  auto capture = std::make_shared<Capture>();
  capture->id = next_capture++;
  capture->mode = mode;
  capture->thread = std::this_thread::get_id();
  capture->origin = self;
  capture->clocks[self] = {};
  self->capture = capture;
  captures().push_back(capture);
  return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  const Guard guard(lock());
  *graph = nullptr;
  CUstream_st* self = stream_of(stream);
  if (!self) return failed(cudaErrorInvalidResourceHandle);
  const auto capture = self->capture;
  if (!capture) return failed(cudaErrorInvalidValue);
  if (capture->origin != self) {
    spoil(*capture);
    return failed(cudaErrorStreamCaptureUnmatched);
  }
  if (capture->mode != cudaStreamCaptureModeRelaxed &&
      capture->thread != std::this_thread::get_id())
    return failed(cudaErrorStreamCaptureWrongThread);
  bool joined = true;
  for (const auto& [other, clock] : capture->clocks) {
    const auto own = clock.find(other);
    const int nodes = own == clock.end() ? 0 : own->second;
    if (other != self && capture->clocks[self][other] < nodes) joined = false;
  }
  for (CUstream_st* other : streams())
    if (other->capture == capture) other->capture = nullptr;
  for (CUevent_st* event : events())
    if (event->capture == capture) event->clock.clear();
  captures().erase(std::find(captures().begin(), captures().end(), capture));
  if (!capture->valid) return failed(cudaErrorStreamCaptureInvalidated);
  spoil(*capture);  // for events that were recorded in it
  if (!joined) return failed(cudaErrorStreamCaptureUnjoined);
  auto* made = new CUgraph_st;
  made->nodes = std::move(capture->nodes);
  *graph = made;
  return cudaSuccess;
}

cudaError_t cudaStreamGetCaptureInfo(cudaStream_t stream, cudaStreamCaptureStatus* status,
                                     unsigned long long* id, cudaGraph_t* graph) {
  const Guard guard(lock());
  CUstream_st* self = stream_of(stream);
  if (!self) return failed(cudaErrorInvalidResourceHandle);
  *status = !self->capture         ? cudaStreamCaptureStatusNone
            : self->capture->valid ? cudaStreamCaptureStatusActive
                                   : cudaStreamCaptureStatusInvalidated;
  if (self->capture && id) *id = self->capture->id;
  if (graph) *graph = nullptr;
  return cudaSuccess;
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
  return cudaStreamGetCaptureInfo(stream, status);
}

cudaError_t cudaThreadExchangeStreamCaptureMode(cudaStreamCaptureMode* mode) {
  std::swap(*mode, thread_mode);
  return cudaSuccess;
}
