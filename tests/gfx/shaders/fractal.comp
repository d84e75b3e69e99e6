#version 450
// SPDX-License-Identifier: GPL-2.0-or-later
// The Mandelbrot set in whole numbers of 1/2^25, so that a processor without
// floating point gets the very same picture.

layout(local_size_x = 8, local_size_y = 8) in;

layout(set = 0, binding = 0, rgba8) uniform writeonly image2D image;
layout(set = 0, binding = 1, std430) writeonly buffer count_block {
    uint counts[];
};

layout(push_constant) uniform push_block {
    int left, top; // of the picture, in 1/2^25
    int step;      // from pixel to pixel
    uint limit;    // iterations
} push;

// a * b / 2^25, rounded down.
int times(int a, int b)
{
    int high, low;

    imulExtended(a, b, high, low);
    return (high << 7) | int(uint(low) >> 25);
}

uint iterations(int cx, int cy)
{
    int x = 0, y = 0;
    uint n;

    for (n = 0u; n < push.limit; n++) {
        int xx = times(x, x), yy = times(y, y);

        if (xx + yy > 4 << 25)
            break;
        y = 2 * times(x, y) + cy;
        x = xx - yy + cx;
    }
    return n;
}

vec4 palette(uint n)
{
    vec3 phase = vec3(0.62, 0.52, 0.40) + 0.045 * float(n);

    if (n == push.limit)
        return vec4(0.0, 0.0, 0.0, 1.0);
    return vec4((0.5 + 0.5 * cos(6.2831853 * phase)) *
                    min(0.35 + float(n) / 24.0, 1.0), 1.0);
}

void main()
{
    ivec2 size = imageSize(image);
    ivec2 at = ivec2(gl_GlobalInvocationID.xy);
    uint n;

    if (at.x >= size.x || at.y >= size.y)
        return;
    n = iterations(push.left + at.x * push.step, push.top + at.y * push.step);
    counts[at.y * size.x + at.x] = n;
    imageStore(image, at, palette(n));
}
