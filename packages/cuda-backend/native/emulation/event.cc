// Events.
#include "state.h"

namespace flambeau::cuda::emulation {

std::set<CUevent_st*>& events() {
  static std::set<CUevent_st*> all;
  return all;
}

}  // namespace flambeau::cuda::emulation

using namespace flambeau::cuda::emulation;

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
  if (const cudaError_t error = usable()) return error;
  CUstream_st* self = stream_of(stream);
  if (!self || events().count(event) == 0 || self->device != event->device)
    return failed(cudaErrorInvalidResourceHandle);
  if (self->capture && flags == cudaEventRecordExternal) {
    // A node of the graph, which records the event whenever it runs.
    return enqueue(self, [event] {
      event->capture = nullptr;
      event->mark = std::make_shared<Mark>();
      event->mark->done = true;
      event->mark->time = milliseconds();
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
  if (const cudaError_t error = usable()) return error;
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
  if (const cudaError_t error = usable()) return error;
  if (events().count(event) == 0) return failed(cudaErrorInvalidResourceHandle);
  if (event->capture) return failed(cudaErrorCapturedEvent);
  if (const cudaError_t error = outside_capture()) return error;
  if (!event->mark || event->mark->done) return take_deferred();
  step(event->mark->stream);  // who asks again and again sees an end
  return cudaErrorNotReady;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  const Guard guard(lock());
  if (const cudaError_t error = usable()) return error;
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
