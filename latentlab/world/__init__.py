"""The rendered face world: pictures of faces whose every factor is known.

    from latentlab.world.sampler import sample, iterate

    images, faces = sample(16, seed=0, size=256, law="natural")      # [16, 3, 256, 256] in [-1, 1], 16 records
    for batch in iterate(32, seed=1, size=64, law="factorial"):      # endless; faces 0.., 32.., 64.. of the seed
        batch.images, batch.factors                                  # [32, 3, 64, 64], [32, len(flat_names())]
        batch.rendering.landmarks, batch.rendering.masks             # [32, 68, 2] pixels, [32, 64, 64] class numbers

    from dataclasses import replace
    from latentlab.world.render import load_renderer

    renderer = load_renderer()                                       # needs the face model, see latentlab.world.model
    older = renderer.render([replace(face, age=70.0) for face in faces], 256).images

Records: `factors.Face`, columns: `factors.flat_names()`, laws: `laws.draw_faces`. Face i of a seed never depends on the
batch it is drawn in. A record equal in all `identity_factors()` is the same person.
"""
