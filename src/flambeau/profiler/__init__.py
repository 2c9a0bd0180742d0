"""Where the time of a program goes: a table of operations, and a trace for a browser."""

from flambeau.profiler.averages import AveragedEvent as AveragedEvent
from flambeau.profiler.averages import EventList as EventList
from flambeau.profiler.event import Event as Event
from flambeau.profiler.profile import ProfilerActivity as ProfilerActivity
from flambeau.profiler.profile import profile as profile
from flambeau.profiler.profile import supported_activities as supported_activities
from flambeau.profiler.schedule import ProfilerAction as ProfilerAction
from flambeau.profiler.schedule import schedule as schedule
from flambeau.profiler.trace import tensorboard_trace_handler as tensorboard_trace_handler
from flambeau.profiler.watching import record_function as record_function

__all__ = [
    "AveragedEvent",
    "Event",
    "EventList",
    "ProfilerAction",
    "ProfilerActivity",
    "profile",
    "record_function",
    "schedule",
    "supported_activities",
    "tensorboard_trace_handler",
]
