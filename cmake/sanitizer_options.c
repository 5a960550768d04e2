// SPDX-License-Identifier: Apache-2.0
// sanitizer_options.c - the sanitizers' settings, linked into every program of a sanitizer build.
//
// The run-time libraries ask for these by name, so a program has the same settings under CTest, under a Python test that clears the
// environment, and by hand. The environment (ASAN_OPTIONS and so on) still overrides them. A suppression names a foreign library that keeps
// memory for its own lifetime, never a file of ours.

const char *__asan_default_options(void);
const char *__ubsan_default_options(void);
const char *__tsan_default_options(void);
const char *__lsan_default_suppressions(void);

const char *__asan_default_options(void)
{
    return "detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1:"
           "check_initialization_order=1:allocator_may_return_null=1:handle_segv=2:"
           "handle_sigbus=2:handle_sigfpe=2";
}

const char *__ubsan_default_options(void)
{
    return "print_stacktrace=1:halt_on_error=1";
}

const char *__tsan_default_options(void)
{
    return "halt_on_error=1:second_deadlock_stack=1";
}

// GLib keeps its type tables and main contexts until the process ends.
const char *__lsan_default_suppressions(void)
{
    return "leak:libglib-2.0.so\nleak:libgobject-2.0.so\nleak:libgio-2.0.so\n";
}
