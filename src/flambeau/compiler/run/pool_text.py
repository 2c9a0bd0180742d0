"""The thread pool as LLVM IR.

A job is a function, a context and a number of chunks. Caller and workers draw tickets from *one*
64-bit word that packs the job's number (32 bits), how many tickets there are (16) and which is
next (16): drawing is one compare-and-swap, and a worker that comes late to an old job fails to
draw instead of drawing from the next. The caller waits for chunks done, not for workers.

Idle workers spin for a while, since the next job of a step is microseconds away, and then sleep on
a condition variable. Sleeping and waking cannot miss each other: a worker announces itself before
it looks at the word for the last time, and the caller publishes the word before it looks for
sleepers, both sequentially consistent.
"""

from __future__ import annotations

from flambeau.compiler.llvm.modes import define_modes
from flambeau.compiler.llvm.module import Module
from flambeau.compiler.llvm.target import Target

MAX_WORKERS = 255
# How long an idle worker spins before it sleeps, in nanoseconds.
SPIN_NANOSECONDS = 60_000
# A 16-bit field of tickets; jobs with more chunks put several on a ticket.
MAX_TICKETS = 65535

_GLOBALS = f"""
@pool.word = internal global i64 0, align 64
@pool.done = internal global i64 0, align 64
@pool.body = internal global ptr null, align 64
@pool.context = internal global ptr null, align 8
@pool.group = internal global i64 0, align 8
@pool.total = internal global i64 0, align 8
@pool.mode = internal global i64 0, align 8
@pool.lock = internal global i32 0, align 64
@pool.sleepers = internal global i32 0, align 64
@pool.stop = internal global i32 0, align 4
@pool.wanted = internal global i32 0, align 4
@pool.started = internal global i32 0, align 4
@pool.mutex = internal global [128 x i8] zeroinitializer, align 64
@pool.wakeup = internal global [128 x i8] zeroinitializer, align 64
@pool.threads = internal global [{MAX_WORKERS} x i64] zeroinitializer, align 64

declare i32 @pthread_create(ptr, ptr, ptr, ptr)
declare i32 @pthread_join(i64, ptr)
declare i32 @pthread_mutex_init(ptr, ptr)
declare i32 @pthread_mutex_lock(ptr)
declare i32 @pthread_mutex_unlock(ptr)
declare i32 @pthread_cond_init(ptr, ptr)
declare i32 @pthread_cond_wait(ptr, ptr)
declare i32 @pthread_cond_broadcast(ptr)
declare i32 @sched_yield()
declare i32 @clock_gettime(i32, ptr)
"""

# Draws tickets of one job and runs their chunks until none is left.
_WORK = """
define internal void @pool.work(i64 %job) noinline nounwind {
entry:
  br label %draw
draw:
  %word = load atomic i64, ptr @pool.word acquire, align 8
  %number = lshr i64 %word, 32
  %same = icmp eq i64 %number, %job
  br i1 %same, label %look, label %leave
look:
  %next = and i64 %word, 65535
  %tickets.0 = lshr i64 %word, 16
  %tickets = and i64 %tickets.0, 65535
  %left = icmp ult i64 %next, %tickets
  br i1 %left, label %read, label %leave
read:
  ; Should the job have ended since, the swap below fails and these are not used.
  %body = load atomic ptr, ptr @pool.body monotonic, align 8
  %context = load atomic ptr, ptr @pool.context monotonic, align 8
  %group = load atomic i64, ptr @pool.group monotonic, align 8
  %total = load atomic i64, ptr @pool.total monotonic, align 8
  %mode = load atomic i64, ptr @pool.mode monotonic, align 8
  %drawn = add i64 %word, 1
  %swap = cmpxchg ptr @pool.word, i64 %word, i64 %drawn seq_cst seq_cst
  %mine = extractvalue { i64, i1 } %swap, 1
  br i1 %mine, label %run, label %draw
run:
  call void @flambeau.set_mode(i64 %mode)
  %first = mul i64 %next, %group
  %end.0 = add i64 %first, %group
  %beyond = icmp ugt i64 %end.0, %total
  %end = select i1 %beyond, i64 %total, i64 %end.0
  br label %chunk
chunk:
  %index = phi i64 [ %first, %run ], [ %following, %chunk ]
  call void %body(ptr %context, i64 %index)
  %following = add i64 %index, 1
  %more = icmp ult i64 %following, %end
  br i1 %more, label %chunk, label %finish
finish:
  %before = atomicrmw add ptr @pool.done, i64 1 seq_cst
  br label %draw
leave:
  ret void
}
"""

_WORKER = """
define internal i64 @pool.now() nounwind {
  %time = alloca { i64, i64 }
  %status = call i32 @clock_gettime(i32 CLOCK, ptr %time)
  %seconds = load i64, ptr %time
  %place = getelementptr i8, ptr %time, i64 8
  %rest = load i64, ptr %place
  %whole = mul i64 %seconds, 1000000000
  %now = add i64 %whole, %rest
  ret i64 %now
}

define internal i1 @pool.has_tickets(i64 %word) nounwind {
  %next = and i64 %word, 65535
  %tickets.0 = lshr i64 %word, 16
  %tickets = and i64 %tickets.0, 65535
  %left = icmp ult i64 %next, %tickets
  ret i1 %left
}

define internal ptr @pool.worker(ptr %unused) nounwind {
entry:
  br label %idle
idle:
  %since = call i64 @pool.now()
  br label %spin
spin:
  %count = phi i32 [ 0, %idle ], [ %count.1, %again ], [ 0, %clock ]
  %stop = load atomic i32, ptr @pool.stop monotonic, align 4
  %stopped = icmp ne i32 %stop, 0
  br i1 %stopped, label %leave, label %look
look:
  %word = load atomic i64, ptr @pool.word acquire, align 8
  %work = call i1 @pool.has_tickets(i64 %word)
  br i1 %work, label %run, label %rest
run:
  %job = lshr i64 %word, 32
  call void @pool.work(i64 %job)
  br label %idle
rest:
  PAUSE
  %count.1 = add i32 %count, 1
  %check = icmp ult i32 %count.1, 64
  br i1 %check, label %again, label %clock
again:
  br label %spin
clock:
  %now = call i64 @pool.now()
  %spent = sub i64 %now, %since
  %tired = icmp ugt i64 %spent, SPIN
  br i1 %tired, label %sleep, label %spin
sleep:
  %s0 = call i32 @pthread_mutex_lock(ptr @pool.mutex)
  %s1 = atomicrmw add ptr @pool.sleepers, i32 1 seq_cst
  br label %asleep
asleep:
  %word.1 = load atomic i64, ptr @pool.word seq_cst, align 8
  %work.1 = call i1 @pool.has_tickets(i64 %word.1)
  %stop.1 = load atomic i32, ptr @pool.stop seq_cst, align 4
  %stopped.1 = icmp ne i32 %stop.1, 0
  %wake = or i1 %work.1, %stopped.1
  br i1 %wake, label %awake, label %wait
wait:
  %s2 = call i32 @pthread_cond_wait(ptr @pool.wakeup, ptr @pool.mutex)
  br label %asleep
awake:
  %s3 = atomicrmw sub ptr @pool.sleepers, i32 1 seq_cst
  %s4 = call i32 @pthread_mutex_unlock(ptr @pool.mutex)
  br label %idle
leave:
  ret ptr null
}

define internal void @pool.wake() noinline nounwind {
  %s0 = call i32 @pthread_mutex_lock(ptr @pool.mutex)
  %s1 = call i32 @pthread_cond_broadcast(ptr @pool.wakeup)
  %s2 = call i32 @pthread_mutex_unlock(ptr @pool.mutex)
  ret void
}

define internal i32 @pool.grow() noinline nounwind {
entry:
  %wanted = load atomic i32, ptr @pool.wanted monotonic, align 4
  br label %look
look:
  %started = load i32, ptr @pool.started
  %enough = icmp uge i32 %started, %wanted
  br i1 %enough, label %leave, label %create
create:
  %position = zext i32 %started to i64
  %place = getelementptr i64, ptr @pool.threads, i64 %position
  %status = call i32 @pthread_create(ptr %place, ptr null, ptr @pool.worker, ptr null)
  %failed = icmp ne i32 %status, 0
  br i1 %failed, label %leave, label %count
count:
  %more = add i32 %started, 1
  store i32 %more, ptr @pool.started
  br label %look
leave:
  ret i32 %started
}
"""

_PUBLIC = """
define void @flambeau_parallel_for(ptr %body, ptr %context, i64 %total) nounwind {
entry:
  %single = icmp ult i64 %total, 2
  %wanted = load atomic i32, ptr @pool.wanted monotonic, align 4
  %alone = icmp eq i32 %wanted, 0
  %serial.0 = or i1 %single, %alone
  br i1 %serial.0, label %serial, label %try
try:
  ; A second caller, or a job inside a job, does its chunks itself.
  %swap = cmpxchg ptr @pool.lock, i32 0, i32 1 acquire monotonic
  %locked = extractvalue { i32, i1 } %swap, 1
  br i1 %locked, label %own, label %serial
own:
  %started = load i32, ptr @pool.started
  %short = icmp ult i32 %started, %wanted
  br i1 %short, label %grow, label %publish
grow:
  %grown = call i32 @pool.grow()
  br label %publish
publish:
  %group.0 = add i64 %total, 65534
  %group = udiv i64 %group.0, 65535
  %tickets.0 = add i64 %total, %group
  %tickets.1 = sub i64 %tickets.0, 1
  %tickets = udiv i64 %tickets.1, %group
  %mode = call i64 @flambeau.get_mode()
  store atomic ptr %body, ptr @pool.body monotonic, align 8
  store atomic ptr %context, ptr @pool.context monotonic, align 8
  store atomic i64 %group, ptr @pool.group monotonic, align 8
  store atomic i64 %total, ptr @pool.total monotonic, align 8
  store atomic i64 %mode, ptr @pool.mode monotonic, align 8
  store atomic i64 0, ptr @pool.done monotonic, align 8
  %old = load atomic i64, ptr @pool.word monotonic, align 8
  %number.0 = lshr i64 %old, 32
  %number.1 = add i64 %number.0, 1
  %number = and i64 %number.1, 4294967295
  %high = shl i64 %number, 32
  %middle = shl i64 %tickets, 16
  %new = or i64 %high, %middle
  store atomic i64 %new, ptr @pool.word seq_cst, align 8
  fence seq_cst
  %sleepers = load atomic i32, ptr @pool.sleepers seq_cst, align 4
  %any = icmp ne i32 %sleepers, 0
  br i1 %any, label %wake, label %work
wake:
  call void @pool.wake()
  br label %work
work:
  call void @pool.work(i64 %number)
  br label %join
join:
  %turns = phi i32 [ 0, %work ], [ %turns.1, %pause ], [ %turns.1, %yield ]
  %done = load atomic i64, ptr @pool.done acquire, align 8
  %all = icmp eq i64 %done, %tickets
  br i1 %all, label %finish, label %linger
linger:
  %turns.1 = add i32 %turns, 1
  %long = icmp ugt i32 %turns.1, 2000
  br i1 %long, label %yield, label %pause
pause:
  PAUSE
  br label %join
yield:
  ; A worker may share our core: then it needs the core to finish.
  %s0 = call i32 @sched_yield()
  br label %join
finish:
  store atomic i32 0, ptr @pool.lock release, align 4
  ret void
serial:
  %some = icmp ne i64 %total, 0
  br i1 %some, label %chunk, label %leave
chunk:
  %index = phi i64 [ 0, %serial ], [ %following, %chunk ]
  call void %body(ptr %context, i64 %index)
  %following = add i64 %index, 1
  %more = icmp ult i64 %following, %total
  br i1 %more, label %chunk, label %leave
leave:
  ret void
}

define void @flambeau_pool_reset() nounwind {
  store i32 0, ptr @pool.started
  store i32 0, ptr @pool.sleepers
  store i32 0, ptr @pool.stop
  %word = load i64, ptr @pool.word
  %number = and i64 %word, -4294967296
  store i64 %number, ptr @pool.word
  %s0 = call i32 @pthread_mutex_init(ptr @pool.mutex, ptr null)
  %s1 = call i32 @pthread_cond_init(ptr @pool.wakeup, ptr null)
  store atomic i32 0, ptr @pool.lock seq_cst, align 4
  ret void
}

define void @flambeau_pool_resize(i32 %workers) nounwind {
entry:
  br label %acquire
acquire:
  %swap = cmpxchg ptr @pool.lock, i32 0, i32 1 acquire monotonic
  %locked = extractvalue { i32, i1 } %swap, 1
  br i1 %locked, label %own, label %busy
busy:
  %s0 = call i32 @sched_yield()
  br label %acquire
own:
  store atomic i32 %workers, ptr @pool.wanted monotonic, align 4
  %started = load i32, ptr @pool.started
  %fewer = icmp ugt i32 %started, %workers
  br i1 %fewer, label %dismiss, label %leave
dismiss:
  store atomic i32 1, ptr @pool.stop seq_cst, align 4
  call void @pool.wake()
  br label %join
join:
  %position = phi i32 [ 0, %dismiss ], [ %following, %join ]
  %wide = zext i32 %position to i64
  %place = getelementptr i64, ptr @pool.threads, i64 %wide
  %thread = load i64, ptr %place
  %s1 = call i32 @pthread_join(i64 %thread, ptr null)
  %following = add i32 %position, 1
  %more = icmp ult i32 %following, %started
  br i1 %more, label %join, label %gone
gone:
  store i32 0, ptr @pool.started
  store atomic i32 0, ptr @pool.stop seq_cst, align 4
  br label %leave
leave:
  store atomic i32 0, ptr @pool.lock release, align 4
  ret void
}

define i32 @flambeau_pool_started() nounwind {
  %started = load atomic i32, ptr @pool.started monotonic, align 4
  ret i32 %started
}
"""

EXPORTS = [
    "flambeau_parallel_for",
    "flambeau_pool_reset",
    "flambeau_pool_resize",
    "flambeau_pool_started",
]


def pool_text(target: Target) -> str:
    """The pool's module for a target."""
    module = Module(target)
    define_modes(module)
    if target.is_x86:
        pause = "call void @llvm.x86.sse2.pause()"
        declared = "declare void @llvm.x86.sse2.pause()\n"
    else:
        pause = "call void @llvm.aarch64.hint(i32 1)"
        declared = "declare void @llvm.aarch64.hint(i32)\n"
    body = (_WORK + _WORKER + _PUBLIC).replace("PAUSE", pause)
    body = body.replace("CLOCK", "6" if target.is_macos else "1")  # CLOCK_MONOTONIC
    body = body.replace("SPIN", str(SPIN_NANOSECONDS))
    return module.text() + _GLOBALS + declared + body
