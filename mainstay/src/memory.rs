//! What the allocator gives back.

/// Keeps large blocks out of the allocator's heaps, for the life of the process. To be called before any other thread
/// begins.
///
/// The C library of GNU raises its own limit for "large" with every large block that is freed, up to 32 MiB; what a look
/// at the machine needed for a moment then stays with the process for good, once for each thread that ever looked. With a
/// limit that is set it does not move (mallopt(3)).
pub fn give_back() {
    #[cfg(target_env = "gnu")]
    {
        const LARGE: libc::c_int = 128 * 1024;
        for limit in [libc::M_MMAP_THRESHOLD, libc::M_TRIM_THRESHOLD] {
            #[expect(unsafe_code, reason = "the C library takes this setting no other way")]
            // SAFETY: two numbers for the allocator; no memory of ours is touched, and no other thread runs yet.
            let is_taken = unsafe { libc::mallopt(limit, LARGE) };
            debug_assert_eq!(is_taken, 1, "mallopt(3) takes a limit of 128 KiB");
        }
    }
}
