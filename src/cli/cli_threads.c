/* How the threads of the engine wait for each other.
 *
 * libgomp's threads spin for some milliseconds at the end of every parallel region before they sleep. Where other programs want the cores too, that starves the very thread
 * that is waited for: two trainings at once on two cores take 12 s for what takes 6.6 s with a short spin; alone both take 3.4 s.
 * One sentence through a tagger, on two cores that 17 programs want: 1.5 s with libgomp's own spinning, 0.16 s with the short one (34 ms of processor time).
 * Generation is left as it is: its regions are so short that sleeping costs a tenth of the tokens/s. libgomp reads the setting when it is loaded, so a program can set it
 * only for its next self: the command starts itself again, once, under the same process id. */
#include "cli/cli.h"

#include <stdlib.h>
#include <unistd.h>

void cli_calm_threads(char **argv)
{
    char path[4096];
    if (getenv("GOMP_SPINCOUNT") || getenv("OMP_WAIT_POLICY"))
        return; /* the user's word, or our second start */
    ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
    if (len <= 0 || setenv("GOMP_SPINCOUNT", "1000", 1) != 0)
        return;
    path[len] = '\0';
    execv(path, argv); /* comes back only when it failed: then as before */
}
