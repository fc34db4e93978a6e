/* copy FOLDER: what storing a message costs at least. Writes standard input to a new file in FOLDER and syncs it. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(int count, char **arguments) {
    char name[4096];
    static char piece[65536];
    ssize_t bytes;
    int out;
    if (count != 2)
        return 64;
    snprintf(name, sizeof name, "%s/%d", arguments[1], (int)getpid());
    out = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (out < 0)
        return 75;
    while ((bytes = read(0, piece, sizeof piece)) > 0)
        if (write(out, piece, (size_t)bytes) != bytes)
            return 75;
    return bytes < 0 || fsync(out) < 0 || close(out) < 0 ? 75 : 0;
}
