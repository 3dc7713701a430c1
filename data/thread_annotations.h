#pragma once

/// What clang checks of locks when it compiles (preset `tidy`); nothing to other compilers.
/// https://clang.llvm.org/docs/ThreadSafetyAnalysis.html
#if defined(__clang__)
#define TVR_ATTRIBUTE(text) __attribute__((text))
#else
#define TVR_ATTRIBUTE(text)
#endif

/// Of a member: may be touched only while the mutex is held.
#define TVR_GUARDED_BY(mutex) TVR_ATTRIBUTE(guarded_by(mutex))
/// Of a function: may be called only while the mutex is held.
#define TVR_REQUIRES(mutex) TVR_ATTRIBUTE(requires_capability(mutex))

// For data/mutex.h alone.
#define TVR_CAPABILITY TVR_ATTRIBUTE(capability("mutex"))
#define TVR_SCOPED_CAPABILITY TVR_ATTRIBUTE(scoped_lockable)
#define TVR_ACQUIRE(mutex) TVR_ATTRIBUTE(acquire_capability(mutex))
#define TVR_RELEASE TVR_ATTRIBUTE(release_capability())
