/*
 * The hash of a file's bytes as they lie, to tell whether an input is unchanged.
 */
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include "import/input.h"

#define PIECE 65536

static bool
hash_all(int fd, EVP_MD_CTX *md, unsigned char raw[EVP_MAX_MD_SIZE])
{
	unsigned char piece[PIECE];
	unsigned int len;
	ssize_t n;

	if (EVP_DigestInit_ex(md, EVP_sha256(), NULL) != 1)
		return false;
	while ((n = read(fd, piece, sizeof(piece))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || EVP_DigestUpdate(md, piece, (size_t)n) != 1)
			return false;
	}
	return EVP_DigestFinal_ex(md, raw, &len) == 1;
}

bool
input_hash(const char *path, char sha256[65])
{
	unsigned char raw[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	struct stat st;
	/* Only what can be read again: a pipe would be eaten, and whoever writes to one that is opened
	 * and closed loses its reader. */
	int fd = strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode)
	    ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
	    : -1;
	bool good = md != NULL && fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && hash_all(fd, md, raw);

	for (int i = 0; i < 32 && good; i++)
		snprintf(sha256 + 2 * i, 3, "%02x", raw[i]);
	if (!good)
		sha256[0] = '\0';
	if (fd >= 0)
		close(fd);
	EVP_MD_CTX_free(md);
	return good;
}
