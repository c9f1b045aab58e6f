/*
 * The hash of bytes, and of a file's bytes as they lie, to tell whether an input is unchanged.
 *
 * The functions that OpenSSL 3 recommends instead of these load its configuration and its providers
 * when the first hash begins: 1.5 ms and 2 MB in each process that reads an export, for a sum that
 * says which file was read and guards nothing. The code that counts is the same, and as fast. So
 * this file, and no other, asks not to be warned of them.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "import/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <sys/stat.h>
#include <unistd.h>

#include "import/input.h"

#define PIECE 65536

struct sha256 {
	SHA256_CTX ctx;
};

static bool
begin(struct sha256 *h)
{
	return SHA256_Init(&h->ctx) == 1;
}

struct sha256 *
sha256_new(struct budget *b)
{
	struct sha256 *h = budget_realloc(b, NULL, 0, sizeof(*h));

	if (h == NULL || begin(h))
		return h;
	sha256_free(b, h);
	return NULL;
}

bool
sha256_add(struct sha256 *h, const void *s, size_t n)
{
	return SHA256_Update(&h->ctx, s, n) == 1;
}

bool
sha256_end(struct sha256 *h, char hex[65])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char sum[SHA256_DIGEST_LENGTH];

	hex[0] = '\0';
	if (SHA256_Final(sum, &h->ctx) != 1)
		return false;
	for (size_t i = 0; i < sizeof(sum); i++) {
		hex[2 * i] = digits[sum[i] >> 4];
		hex[2 * i + 1] = digits[sum[i] & 15];
	}
	hex[2 * sizeof(sum)] = '\0';
	return true;
}

void
sha256_free(struct budget *b, struct sha256 *h)
{
	budget_free(b, h, sizeof(*h));
}

static bool
hash_all(int fd, struct sha256 *h)
{
	unsigned char piece[PIECE];
	ssize_t n;

	while ((n = read(fd, piece, sizeof(piece))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || !sha256_add(h, piece, (size_t)n))
			return false;
	}
	return true;
}

bool
input_hash(const char *path, char sha256[65])
{
	struct sha256 h;
	struct stat st;
	/* Only what can be read again: a pipe would be eaten, and whoever writes to one that is opened
	 * and closed loses its reader. */
	int fd = strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode)
	    ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
	    : -1;
	bool good = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && begin(&h) && hash_all(fd, &h) &&
	    sha256_end(&h, sha256);

	if (!good)
		sha256[0] = '\0';
	if (fd >= 0)
		close(fd);
	return good;
}
